import { BlockList, isIP } from 'node:net';

/**
 * The proxy that the environment names for a URL, as Go's `ProxyFromEnvironment` reads it: `HTTPS_PROXY` or `HTTP_PROXY` (either case) unless
 * `NO_PROXY` has the host (a name, `.suffix`, address, IPv4 or IPv6 range, `*`, any with a port). Loopback never goes through a proxy.
 */
export function proxyFromEnvironment(url: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const read = (name: string): string | undefined => env[name.toUpperCase()] || env[name.toLowerCase()] || undefined;
  const proxy = read(protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (proxy === undefined) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  const effectivePort = port || (protocol === 'https:' ? '443' : '80');
  for (const rule of (read('no_proxy') ?? '').split(',').map((text) => text.trim().toLowerCase())) {
    if (rule !== '' && excludes(rule, host, effectivePort)) return undefined;
  }
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function excludes(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  const range = /^(.+)\/(\d+)$/.exec(rule);
  if (range?.[1] !== undefined) return isInRange(host, range[1], Number(range[2]));
  const withPort = /^(\[.+\]|[^:]+):(\d+)$/.exec(rule);
  if (withPort && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? rule).replace(/^\[|\]$/g, '').replace(/^\*/, '');
  if (isIP(name) !== 0) return host === name;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function isInRange(host: string, network: string, prefix: number): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, prefix, name);
  return list.check(host, name);
}
