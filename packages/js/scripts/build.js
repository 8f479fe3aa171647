// Builds the package: the component of ../../bin/graph.wasm as JavaScript in component/, and src/ in dist/.
// Another component is named by the first argument.

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const component = process.argv[2] ?? fileURLToPath(new URL('../../../bin/graph.wasm', import.meta.url));

if (!existsSync(component)) {
  console.error(`There is no component at ${component}. Build it first: just component`);
  process.exit(1);
}
if (!existsSync(`${root}node_modules/@bytecodealliance/jco`)) {
  console.error('The tools of the build are not installed. Install them first: npm ci');
  process.exit(1);
}

const run = (tool, ...args) =>
  execFileSync('npx', ['--no-install', tool, ...args], { cwd: root, stdio: 'inherit' });

for (const folder of ['component', 'dist']) rmSync(`${root}${folder}`, { recursive: true, force: true });
run(
  'jco', 'transpile', component, '--out-dir', 'component', '--name', 'graph', '--quiet', '--minify',
  '--instantiation', 'sync', '--no-nodejs-compat', '--no-namespaced-exports',
);
run('tsc', '--project', 'tsconfig.json');
