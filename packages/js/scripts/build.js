// Builds the package: the component of ../../bin/graph.wasm as JavaScript in component/, and src/ in dist/.
// Another component is named by the first argument.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
withoutLog(`${root}component/graph.js`);
run('tsc', '--project', 'tsconfig.json');

// Each call looks dozens of times into the environment for JCO_DEBUG, which is a third of its time.
function withoutLog(file) {
  const code = readFileSync(file, 'utf8');
  const log = /_debugLog=\(\.\.\.(\w+)\)=>\{globalThis\?\.process\?\.env\?\.JCO_DEBUG&&console\.debug\(\.\.\.\1\)\}/;
  if (!log.test(code)) throw new Error('jco writes its log in another way now; see what it costs, and mend this');
  writeFileSync(file, code.replace(log, '_debugLog=()=>{}'));
}
