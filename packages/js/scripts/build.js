// Builds the package: the component of ../../bin/graph.wasm as JavaScript in component/, and src/ in dist/.
// Another component is named by the first argument.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
// Not minified: that is for bundlers, and Node prints the whole line where an error was thrown.
run(
  'jco', 'transpile', component, '--out-dir', 'component', '--name', 'graph', '--quiet',
  '--instantiation', 'sync', '--no-nodejs-compat', '--no-namespaced-exports',
);
trim(`${root}component/graph.js`);
run('tsc', '--project', 'tsconfig.json');
// npm publishes what is in this folder only.
copyFileSync(`${root}../../LICENSE`, `${root}LICENSE`);

// Takes out what jco writes for every component and what is dear here.
function trim(file) {
  const dear = {
    // Each call looks dozens of times into the environment for JCO_DEBUG, which is a third of its time.
    log: [/(const _debugLog = )\(\.\.\.args\) => \{\s*if \(!globalThis\?\.process\?\.env\?\.JCO_DEBUG\)[^}]*\}[^}]*\}/, '$1() => {}'],
    // What nobody calls, and costs 30 ms of each start where the runtime cannot suspend WebAssembly.
    suspension: [/try \{\s*\w+ = WebAssembly\.promising\([^)]*\);\s*\} catch\s*\(err\) \{[^}]*\}/g, ''],
  };
  let code = readFileSync(file, 'utf8');
  for (const [name, [written, instead]] of Object.entries(dear)) {
    const trimmed = code.replace(written, instead);
    if (trimmed === code) throw new Error(`jco writes its ${name} in another way now: see what it costs, and mend this`);
    code = trimmed;
  }
  writeFileSync(file, code);
}
