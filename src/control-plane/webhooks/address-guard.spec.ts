import { describe, expect, it } from '@jest/globals';
import { reachOf, refusal, type Reach } from './address-guard.js';

describe('reachOf', () => {
  it.each<[Reach, string[]]>([
    ['public', ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '172.32.0.1']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1']],
    ['loopback', ['2002:7f00:1::', '::ffff:0:127.0.0.1']],
    ['link-local', ['169.254.169.254', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.169.254']],
    ['link-local', ['64:ff9b::a9fe:a9fe', 'fd00:ec2::254', '100.100.100.200', '2002:a9fe:a9fe::1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', 'fec0::1']],
    ['never', ['0.0.0.0', '0.1.2.3', '::', '::127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', 'ff02::1']],
    ['never', ['64:ff9b:1::7f00:1', '2001:0:1::1', '2001:db8::1', '192.0.2.1', 'localhost', '']],
  ])('%s: %j', (reach, addresses) => {
    for (const address of addresses) expect([address, reachOf(address)]).toEqual([address, reach]);
  });
});

describe('refusal', () => {
  it('lets through what is allowed, and never what no receiver can have', () => {
    const all = new Set(['private', 'loopback', 'link-local', 'http'] as const);
    expect(refusal('127.0.0.1', new Set(['private']))).toContain('WEBHOOKS_ALLOW');
    expect(refusal('127.0.0.1', all)).toBeUndefined();
    expect(refusal('10.0.0.1', new Set())).toContain('private');
    expect(refusal('0.0.0.0', all)).toContain('0.0.0.0');
    expect(refusal('1.1.1.1', new Set())).toBeUndefined();
  });
});
