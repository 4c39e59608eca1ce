import { describe, expect, test } from 'vitest';
import { TextResponse } from './text-response.ts';

const made = (): TextResponse => new TextResponse('{"ü":1}', { status: 201, headers: { 'content-type': 'application/json' } });

describe('a response with its text at hand', () => {
  test('reads as any other', async () => {
    expect(made()).toBeInstanceOf(Response);
    expect([made().status, made().headers.get('content-type')]).toStrictEqual([201, 'application/json']);
    expect(await made().text()).toBe('{"ü":1}');
    expect(await made().json()).toStrictEqual({ ü: 1 });
    expect(new TextDecoder().decode(await made().arrayBuffer())).toBe('{"ü":1}');
    expect(await (await made().blob()).text()).toBe('{"ü":1}');
  });

  test('can be streamed, and handed on under other headers', async () => {
    const response = made();
    expect(response.body).toBe(response.body);
    expect(await new Response(response.body, { status: 200 }).text()).toBe('{"ü":1}');
  });

  test('is copied with its status and headers', async () => {
    const copy = made().clone();
    copy.headers.set('content-type', 'text/plain');
    expect([copy.status, await copy.text(), made().headers.get('content-type')]).toStrictEqual([201, '{"ü":1}', 'application/json']);
  });
});
