import {BlockList, isIP} from 'node:net';

const reserved = new BlockList();
for (const [network, prefix] of [
    ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
    ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4]
] as const)
    reserved.addSubnet(network, prefix, 'ipv4');

/** Global unicast, the one range of IPv6 that belongs to the public; what tunnels to IPv4 inside of it doesn't count. */
const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');
const tunnels = new BlockList();
for (const [network, prefix] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const)
    tunnels.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address is one of the public internet, and not of this machine or the network that it stands in. */
export function isPublicAddress(address: string): boolean {
    switch (isIP(address)) {
        case 4:
            return !reserved.check(address, 'ipv4');
        case 6:
            return unicast.check(address, 'ipv6') && !tunnels.check(address, 'ipv6');
        default:
            return false;
    }
}
