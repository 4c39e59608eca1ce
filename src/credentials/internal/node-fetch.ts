import type { IncomingMessage } from 'node:http';
import type { CredentialFetch } from '../fetch.ts';

/**
 * One request on a connection of its own, over `node:http` or `node:https`, whichever the URL needs: only that one is loaded, as the
 * global `fetch` costs a process some 20 ms before its first byte.
 */
export const nodeFetch: CredentialFetch = async (url, { method, headers, body, signal, background }) => {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, {
      method,
      agent: false,
      signal,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
    });
    sent.once('response', resolve);
    sent.once('error', reject);
    if (background === true) sent.once('socket', (socket) => socket.unref());
    sent.end(body);
  });
  return {
    status: answer.statusCode ?? 0,
    headers: {
      get: (name) => {
        const value = answer.headers[name.toLowerCase()];
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
      },
    },
    body: answer,
  };
};
