import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DnsClient, DnsError, type DnsClientOptions } from '../../src/platform/dns/client.js';
import { RCODE } from '../../src/platform/dns/message.js';
import type { TsigKey } from '../../src/platform/dns/tsig.js';
import { addRecord, deleteRrset, nameIsFree } from '../../src/platform/dns/update.js';
import { Bind, newKey } from './bind.js';

const ZONE = 'vlab.local';
const setTo = (name: string, address: string) => [deleteRrset(name, 'A'), addRecord(name, 300, `A ${address}`)];

describe('updates of a real BIND', () => {
  const key = newKey('DDNS_UPDATE');
  const short = newKey('short', 'hmac-sha256');
  const stranger = newKey('stranger');
  let bind: Bind;

  beforeAll(async () => {
    bind = await Bind.start({ zones: { [ZONE]: 'DDNS_UPDATE', 'other.local': 'short' }, keys: [key, short, stranger] });
  });
  afterAll(() => bind.remove());

  const client = (by: TsigKey | 'no key' = key, options: Partial<DnsClientOptions> = {}): DnsClient =>
    new DnsClient({ host: bind.address, port: bind.port }, by === 'no key' ? undefined : by, options);
  const refusal = (work: Promise<unknown>): Promise<DnsError> =>
    work.then(
      () => Promise.reject(new Error('it was done')),
      (error: unknown) => (error instanceof DnsError ? error : Promise.reject(error as Error)),
    );
  const tryWith = (by: TsigKey | 'no key', options: Partial<DnsClientOptions> = {}): Promise<DnsError> =>
    refusal(client(by, options).update({ zone: ZONE, changes: setTo(`never.${ZONE}`, '192.0.2.66') }));

  it('are signed, with any of the algorithms, and answers are verified', async () => {
    await client().update({ zone: ZONE, changes: setTo(`alice.${ZONE}`, '10.20.0.5') });
    await client().update({ zone: ZONE, changes: setTo(`alice.${ZONE}`, '10.20.0.6') });
    await client(short).update({ zone: 'other.local', changes: setTo('bob.other.local', '10.20.0.7') });
    expect(await bind.dig(`alice.${ZONE}`)).toEqual(['10.20.0.6']);
    expect(await bind.dig('bob.other.local')).toEqual(['10.20.0.7']);
  });

  it('are refused with words that say what is wrong, and nothing is changed', async () => {
    const wrong = { ...key, secret: newKey('x').secret };
    expect(await tryWith(wrong)).toMatchObject({ reason: 'key', message: expect.stringMatching(/secret.*BADSIG/) });
    expect(await tryWith(newKey('nobody'))).toMatchObject({ reason: 'key', message: expect.stringMatching(/BADKEY/) });
    expect(await tryWith(stranger)).toMatchObject({ reason: 'refused', rcode: RCODE.REFUSED });
    expect(await tryWith('no key')).toMatchObject({ reason: 'refused', rcode: RCODE.REFUSED });
    const late = await tryWith(key, { now: () => Date.now() - 3_600_000 });
    expect(late).toMatchObject({ reason: 'key', message: expect.stringMatching(/clock/) });
    const elsewhere = await refusal(client().update({ zone: 'foreign.example', changes: [] }));
    expect(elsewhere).toMatchObject({ reason: 'refused', rcode: RCODE.NOTAUTH });
    expect(await bind.dig(`never.${ZONE}`)).toEqual([]);
    const said = [wrong, stranger].map(({ secret }) => Buffer.from(secret).toString('base64'));
    for (const secret of said) expect(`${JSON.stringify(late)} ${String(late.stack)}`).not.toContain(secret);
  });

  it('hold to their prerequisites', async () => {
    const once = { zone: ZONE, prerequisites: [nameIsFree(`new.${ZONE}`)], changes: setTo(`new.${ZONE}`, '10.20.0.8') };
    await client().update(once);
    expect(await refusal(client().update(once))).toMatchObject({ reason: 'refused', rcode: RCODE.YXDOMAIN });
  });

  it('go over TCP when they are long, as does an answer that is', async () => {
    const addresses = Array.from({ length: 60 }, (_, n) => `A 10.30.0.${n + 1}`);
    const name = `many.${ZONE}`;
    await client().update({ zone: ZONE, changes: addresses.map((address) => addRecord(name, 60, address)) });
    expect(await bind.dig(name)).toHaveLength(60);
    expect((await client().query(name, 'A')).answer).toHaveLength(60);
    expect((await client('no key').query(name, 'A')).answer).toHaveLength(60);
  });

  it('end when nobody answers, and find the server again where it is by then', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    let asked = 0;
    silent.on('message', () => asked++);
    const moved = { at: ['127.0.0.2'] };
    const resolve = async (): Promise<string[]> => moved.at;
    const away = new DnsClient({ host: 'ns.test', port: bind.port }, key, { tries: 2, timeoutMs: 20, resolve });
    expect(await refusal(away.query(ZONE, 'A'))).toMatchObject({ reason: 'away' });
    moved.at = ['127.0.0.1'];
    expect((await away.query(ZONE, 'A')).rcode).toBe(RCODE.NOERROR);
    const mute = new DnsClient({ host: '127.0.0.1', port: silent.address().port }, key, { tries: 3, timeoutMs: 10 });
    expect(await refusal(mute.query(ZONE, 'A'))).toMatchObject({
      reason: 'away',
      message: expect.stringMatching(/3 tries/),
    });
    expect(asked).toBe(3);
    silent.close();
  });

  it('pass over what somebody else sends in between, and never take it for the answer', async () => {
    const relay = await relayTo(bind.port);
    const hasty = new DnsClient({ host: '127.0.0.1', port: relay.port }, key, { tries: 1, timeoutMs: 2_000 });
    expect(await refusal(hasty.update({ zone: 'foreign.example', changes: [] }))).toMatchObject({
      rcode: RCODE.NOTAUTH,
    });
    expect(relay.forged()).toBe(3);
    relay.close();
  });
});

/** Passes datagrams on and back, but first answers each with three forgeries that say "done". */
async function relayTo(port: number): Promise<{ port: number; forged: () => number; close: () => void }> {
  const front = createSocket('udp4').bind(0, '127.0.0.1');
  await once(front, 'listening');
  let forged = 0;
  const backs: Socket[] = [];
  front.on('message', (request, { port: asker }) => {
    const done = Buffer.from(request);
    done[2] = 0x80 | (done[2] ?? 0);
    const otherId = Buffer.from(done);
    otherId[0] = (otherId[0] ?? 0) ^ 1;
    for (const forgery of [Buffer.from('nonsense'), otherId, done]) {
      forged++;
      front.send(forgery, asker, '127.0.0.1');
    }
    const back = createSocket('udp4');
    backs.push(back);
    back.on('message', (answer) => front.send(answer, asker, '127.0.0.1'));
    back.send(request, port, '127.0.0.1');
  });
  const close = (): void => [front, ...backs].forEach((socket) => socket.close());
  return { port: front.address().port, forged: () => forged, close };
}
