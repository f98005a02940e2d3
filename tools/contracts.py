"""Import contracts that import-linter has no kind for."""

from typing import Any

from importlinter import Contract, ContractCheck, fields, output


class Doors(Contract):
    """Domains may import each other only through the modules that are named as doors."""

    domains = fields.ListField(subfield=fields.StringField())
    doors = fields.SetField(subfield=fields.StringField())

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        """Look at every direct import from one domain into another."""
        home = {module: name for name in self.domains for module in {name, *graph.find_descendants(name)}}
        broken = []
        for importer, domain in home.items():
            for imported in graph.find_modules_directly_imported_by(importer):
                other = home.get(imported, domain)
                inner = imported.removeprefix(other).removeprefix(".").split(".")[0]
                if other != domain and inner not in self.doors:
                    broken.append((importer, imported))
        return ContractCheck(kept=not broken, metadata={"broken": sorted(broken)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that goes past the doors."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}, which is not a door of its domain")
