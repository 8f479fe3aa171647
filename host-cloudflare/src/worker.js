// The Worker: every request is served by the module, which asks Durable Objects for rows.

import { textOf } from './frames.js';
import { moduleOf } from './module.js';

export { EcGraph } from './object.js';

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Bytes of a body that are read though nobody wants them. */
const MAX_DRAINED = 8 * 1024 * 1024;
const NO_BODY = new Set([101, 204, 205, 304]);

export default {
  fetch(request, env, ctx) {
    const response = serve(request, env);
    // A withdrawal is carried out even when the browser has gone on.
    ctx.waitUntil(response);
    return response;
  },
};

async function serve(request, env) {
  let module;
  let number;
  try {
    module = moduleOf(env);
    let step = module.start(arrivalOf(request));
    for (;;) {
      const [kind, ...frames] = step;
      if (!kind) return failure(400, 'invalid_request', 'this is no request that can be served');
      if (textOf(kind) === 'respond') {
        await drain(request);
        return responseOf(frames);
      }
      number = Number(textOf(frames[0]));
      const answers = textOf(kind) === 'body'
        ? await bodyOf(request, Number(textOf(frames[1])))
        : await askAll(env, frames.slice(1));
      step = module.resume(number, answers);
      number = undefined;
    }
  } catch (error) {
    console.error(`a request failed: ${error.message}`);
    if (number !== undefined && module.isAlive) module.forget(number);
    return failure(503, 'unavailable', 'this failed; the same request is safe to send again later');
  }
}

/** What the module is told of a request; see `read` in module/src/exports.rs. */
function arrivalOf({ method, url, headers, cf }) {
  const isLocal = LOCAL.has(new URL(url).hostname);
  // Cloudflare sets it, whatever the browser says. On one's own machine nobody does.
  const ip = headers.get('cf-connecting-ip') ?? (isLocal ? '127.0.0.1' : '');
  const { country, regionCode, asn, metroCode, botManagement } = cf ?? {};
  const client = [ip, country, regionCode, asn, metroCode, botManagement?.ja4];
  const texts = client.map((value) => String(value ?? ''));
  return [method, url, isLocal ? '1' : '', ...texts, ...[...headers].flat()];
}

/** The body as the one answer, none when it is larger than `limit`, an empty one when it breaks off. */
async function bodyOf({ body }, limit) {
  const chunks = [new Uint8Array(1)];
  let length = 0;
  try {
    for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
      length += chunk.length;
      if (length > limit) return [];
      chunks.push(chunk);
    }
  } catch {
    return [''];
  }
  return [new Uint8Array(await new Blob(chunks).arrayBuffer())];
}

/** Reads what nobody wanted of a body and drops it: a sender that is cut off in the middle reads no answer. */
async function drain({ body }) {
  let length = 0;
  try {
    for await (const chunk of body ?? []) {
      length += chunk.length;
      if (length > MAX_DRAINED) return;
    }
  } catch {
    // It broke off, and nobody waits for the answer.
  }
}

/** Asks all objects at once; an empty answer for one that does not answer. */
function askAll(env, frames) {
  const pairs = Array.from({ length: frames.length / 2 }, (_, n) => frames.slice(2 * n, 2 * n + 2));
  return Promise.all(pairs.map(async ([object, call]) => {
    const name = textOf(object);
    try {
      const answer = await env.EC_GRAPH.get(env.EC_GRAPH.idFromName(name)).carryOut(call.slice());
      return Uint8Array.of(0, ...answer);
    } catch (error) {
      console.error(`object ${name} did not answer: ${error.message}`);
      return '';
    }
  }));
}

function responseOf([status, body, ...pairs]) {
  const headers = new Headers();
  for (let n = 0; n < pairs.length; n += 2) headers.append(textOf(pairs[n]), textOf(pairs[n + 1]));
  const code = Number(textOf(status));
  return new Response(NO_BODY.has(code) ? null : body, { status: code, headers });
}

function failure(status, error, message) {
  return Response.json({ error, message }, { status, headers: { 'cache-control': 'private, no-store' } });
}
