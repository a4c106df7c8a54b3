import { describe, expect, it } from '@jest/globals';
import { encodeMessage } from '../../platform/dns/message.js';
import { signMessage } from '../../platform/dns/tsig.js';
import { addRecord, deleteRecord, deleteRrset, updateMessage } from '../../platform/dns/update.js';
import { parseAddresses, parseDefaultRoute } from './addresses.js';
import { updatesFor, type RecordSettings } from './updates.js';

const settings: RecordSettings = {
  ...{ name: 'alice.vlab.local', zone: 'vlab.local', types: ['A'], ttl: 300, reverseZones: [] },
};

describe('updatesFor', () => {
  it('makes the packet of the vLab contract out of the defaults', () => {
    const [update, ...more] = updatesFor(settings, { A: ['10.20.0.5'], AAAA: ['2001:db8::5'] }, []);
    expect(more).toEqual([]);
    expect(Buffer.from(encodeMessage(updateMessage(0, update!))).toString('hex')).toBe(
      ['00002800', '0001000000020000', '04766c6162056c6f63616c0000060001']
        .concat(['05616c696365c00c000100ff000000000000', 'c01c000100010000012c00040a140005'])
        .join(''),
    );
    const key = { name: 'DDNS_UPDATE', algorithm: 'hmac-sha512', secret: Buffer.alloc(64) } as const;
    expect(signMessage(updateMessage(0, update!), key, 0).bytes).toHaveLength(178);
  });

  it('takes away what is told no more', () => {
    expect(updatesFor({ ...settings, types: ['A', 'AAAA'] }, { A: [], AAAA: [] }, ['10.20.0.5'])).toEqual([
      { zone: 'vlab.local', changes: [deleteRrset(settings.name, 'A'), deleteRrset(settings.name, 'AAAA')] },
    ]);
  });

  it('keeps PTR records in the longest zone, and takes away only its own', () => {
    const reverseZones = ['10.in-addr.arpa', '20.10.in-addr.arpa', '8.b.d.0.1.0.0.2.ip6.arpa'];
    const [, ...reverse] = updatesFor({ ...settings, reverseZones }, { A: ['10.20.0.6'], AAAA: [] }, [
      ...['10.20.0.5', '10.20.0.6', '192.0.2.1', '10.9.0.1'],
    ]);
    const [ptr, at] = ['PTR alice.vlab.local.', '6.0.20.10.in-addr.arpa'];
    expect(reverse).toEqual([
      {
        zone: '20.10.in-addr.arpa',
        changes: [deleteRecord('5.0.20.10.in-addr.arpa', ptr), deleteRrset(at, 'PTR'), addRecord(at, 300, ptr)],
      },
      { zone: '10.in-addr.arpa', changes: [deleteRecord('1.0.9.10.in-addr.arpa', ptr)] },
    ]);
  });
});

describe('addresses', () => {
  it('are those of global scope that last', () => {
    const info = (family: string, local: string, more = {}) => ({ family, local, scope: 'global', ...more });
    const links = [
      {
        addr_info: [
          info('inet', '192.0.2.5'),
          info('inet', '169.254.1.1', { scope: 'link' }),
          info('inet6', '2001:db8::1', { temporary: true }),
          info('inet6', '2001:db8::2', { deprecated: true }),
          info('inet6', '2001:db8::3', { tentative: true }),
          info('inet6', '2001:DB8:0::4'),
        ],
      },
      {},
    ];
    expect(parseAddresses(JSON.stringify(links))).toEqual({ A: ['192.0.2.5'], AAAA: ['2001:db8::4'] });
    expect(() => parseAddresses('Device "x" does not exist.')).toThrow(SyntaxError);
  });

  it('are of the interface of the best default route', () => {
    const routes = [{ dev: 'slow', metric: 600 }, { dev: 'fast', metric: 100 }, { type: 'blackhole' }];
    expect(parseDefaultRoute(JSON.stringify(routes))).toBe('fast');
    expect(parseDefaultRoute('[]')).toBeUndefined();
  });
});
