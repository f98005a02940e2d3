// Relay's compiler on the documents of a storefront: node relay.mjs SCHEMA
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import compiler from 'relay-compiler';

const folder = mkdtempSync(path.join(tmpdir(), 'commerce-graph-relay-'));
try {
  cpSync(new URL('relay', import.meta.url), path.join(folder, 'src'), { recursive: true });
  copyFileSync(process.argv[2], path.join(folder, 'schema.graphql'));
  const config = { src: './src', schema: './schema.graphql', language: 'javascript', eagerEsModules: true };
  writeFileSync(path.join(folder, 'relay.config.json'), JSON.stringify(config));
  const done = spawnSync(compiler, ['relay.config.json'], { cwd: folder, encoding: 'utf8' });
  if (done.status !== 0) {
    console.log(done.stdout + done.stderr);
    process.exitCode = 1;
  } else {
    const made = readdirSync(path.join(folder, 'src', '__generated__')).filter((name) => name.endsWith('.graphql.js'));
    console.log(`${made.length} documents compiled`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
