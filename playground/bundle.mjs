// The page as text: template, style, script and component in one file that needs no server.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transpile } from '@bytecodealliance/jco';
import * as esbuild from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const COMPONENT = here('../bin/graph.wasm');
export const PAGE = here('../docs/play.html');

/** The text of `docs/play.html` over the component in this file. */
export async function bundle(componentPath) {
  const component = await readFile(componentPath).catch((error) => {
    throw new Error(`no component at ${componentPath}: run \`just component\` first`, { cause: error });
  });
  const { files } = await transpile(component, {
    name: 'graph',
    instantiation: { tag: 'sync' },
    noNodejsCompat: true,
    noNamespacedExports: true,
    noTypescript: true,
  });
  const isCore = ([name]) => name.endsWith('.wasm');
  const entries = Object.entries(files);
  const cores = Object.fromEntries(
    entries.filter(isCore).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  );
  const [template, style, script] = await Promise.all([
    readFile(here('src/index.html'), 'utf8'),
    minified(here('src/style.css')),
    minified(here('src/main.js'), files['graph.js']),
  ]);
  const parts = { style, cores: JSON.stringify(cores), script };
  return template.replace(/<!-- (\w+) -->/g, (_, part) => parts[part]);
}

/** The page without the component's code, whose bytes differ from one machine to another. */
export function withoutCode(page) {
  return page.replace(/(<script id="cores"[^>]*>).*?(<\/script>)/s, '$1$2');
}

async function minified(path, glue) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    target: 'es2022',
    // jco's glue makes each export awaitable. Nothing is awaited here, and where a browser cannot,
    // the error it would throw for each of them costs 10 ms. `Object` hands a function back as it is.
    define: { 'WebAssembly.promising': 'Object' },
    write: false,
    plugins: glue === undefined ? [] : [glueOf(glue)],
  });
  return outputFiles[0].text.trim();
}

// What jco makes of the component, as the module `component:glue`.
const glueOf = (contents) => ({
  name: 'glue',
  setup(build) {
    build.onResolve({ filter: /^component:glue$/ }, ({ path }) => ({ path, namespace: 'glue' }));
    build.onLoad({ filter: /.*/, namespace: 'glue' }, () => ({ contents: Buffer.from(contents), loader: 'js' }));
  },
});
