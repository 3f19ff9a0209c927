import { BlockList, isIP } from 'node:net';

/**
 * IPv4 networks without public hosts: private, loopback, link-local (where AWS keeps its metadata service), shared by a
 * carrier's customers, for documentation, multicast, reserved.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const special4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

/** In IPv6 only 2000::/3 is public, except for its tunnels, which lead to an IPv4 address that the sender chooses. */
const special6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const special = new BlockList();
for (const [network, bits] of special4) special.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of special6) special.addSubnet(network, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');

/**
 * Whether an IP address belongs to the public internet. An address that an untrusted user wrote must not reach the operator's networks,
 * the pipeline's own host or the metadata service.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/s, '');
  switch (isIP(bare)) {
    case 4:
      return !special.check(bare, 'ipv4');
    case 6:
      return global6.check(bare, 'ipv6') && !special.check(bare, 'ipv6');
    default:
      return false;
  }
}
