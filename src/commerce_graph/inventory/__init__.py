"""Stock: what is on hand, reserved and for sale, and where."""

from commerce_graph.inventory.graph import InventoryItem, Location, Mutation, ProductStock, ProductVariantStock, Query
from commerce_graph.inventory.handlers import release_expired
from commerce_graph.inventory.service.checks import CHECKS
from commerce_graph.kernel.module import Job, Module
from commerce_graph.keys import OrderKey

module = Module(
    name="inventory",
    query=Query,
    mutation=Mutation,
    owns=(InventoryItem, Location),
    extends=(ProductStock, ProductVariantStock),
    refers=(OrderKey,),
    jobs=(Job("inventory.release_expired", every_s=5, run=release_expired),),
    checks=CHECKS,
)
