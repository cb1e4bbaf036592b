/** Which addresses are not on the public network, and which of them the settings allow. */
import { BlockList, isIP } from 'node:net';

const PRIVATE: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const blocked = new BlockList();
for (const [net, prefix] of PRIVATE) blocked.addSubnet(net, prefix, family(net));

/** Also of an IPv4 address that is written as an IPv6 one. Anything that is no address counts as private. */
export function isPrivate(address: string): boolean {
  if (isIP(address) === 0) return true;
  const mapped = /^::(?:ffff:(?:0:)?)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPrivate(mapped);
  return blocked.check(address, family(address));
}

/** Whether this host or address may be reached although it is private. */
export type Allowed = (host: string, port: number, address?: string) => boolean;

/** Entries are hosts, `host:port`, addresses and ranges such as `10.0.0.0/8`. Throws `Error` with a sentence. */
export function allowList(entries: readonly string[]): Allowed {
  const ranges = new BlockList();
  const names = new Set<string>();
  for (const entry of entries) {
    const [net, prefix] = entry.split('/') as [string, string?];
    if (prefix === undefined) names.add(entry.toLowerCase());
    else {
      const bits = Number(prefix);
      if (isIP(net) === 0 || !Number.isInteger(bits) || bits < 0 || bits > (isIP(net) === 6 ? 128 : 32))
        throw new Error(`${entry} is no range of addresses such as 10.0.0.0/8`);
      ranges.addSubnet(net, bits, family(net));
    }
    if (isIP(entry)) ranges.addAddress(entry, family(entry));
  }
  return (host, port, address) => {
    const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
    if (names.has(bare) || names.has(`${bare}:${port}`)) return true;
    const at = address ?? (isIP(bare) ? bare : undefined);
    return at !== undefined && ranges.check(at, family(at));
  };
}
