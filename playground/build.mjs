// Writes docs/play.html anew, over bin/graph.wasm.

import { writeFile } from 'node:fs/promises';
import { COMPONENT, PAGE, bundle } from './bundle.mjs';

const page = await bundle(COMPONENT);
await writeFile(PAGE, page);
console.log(`docs/play.html: ${Math.round(Buffer.byteLength(page) / 1024)} KiB`);
