import net from 'node:net';
import { expect, it } from 'vitest';

it('a connection that leaves the machine fails the test that opens it', () => {
  expect(() => net.connect({ host: '192.0.2.1', port: 443 })).toThrow('which is not loopback');
  expect(() => net.connect(443, 'sts.us-west-2.amazonaws.com')).toThrow('which is not loopback');
});

it('loopback connections are let through', async () => {
  const server = net.createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const text = await new Promise<string>((resolve) => net.connect(port, '127.0.0.1').on('data', (data) => resolve(data.toString())));
  server.close();
  expect(text).toBe('hello');
});
