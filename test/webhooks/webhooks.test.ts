import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { TestReceiver } from './receiver.js';

const ENV = {
  WEBHOOKS_ALLOW: 'http,loopback,private',
  WEBHOOKS_RETRY: '200ms,200ms',
  WEBHOOKS_TIMEOUT_SECONDS: '1',
  WEBHOOKS_SECRET_KEY: 'a key that is long enough for webhooks',
  LOG_LEVEL: 'debug',
};

describe('webhooks', () => {
  let api: Api;
  let other: Api;
  const receivers: TestReceiver[] = [];
  const secrets: string[] = [];

  beforeAll(async () => {
    api = await Api.start({ env: ENV });
    other = await Api.start({ database: api.database, secret: api.secret, env: ENV });
  });
  afterAll(async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await other.close();
    await api.close();
  });

  async function receiver(): Promise<TestReceiver> {
    const made = await new TestReceiver().listen();
    receivers.push(made);
    return made;
  }
  async function subscribe(to: TestReceiver, more: object = {}): Promise<{ id: string; secret: string }> {
    const made = (await api.make('/webhooks', { url: to.url, types: ['ipam.pool.*'], ...more })) as {
      id: string;
      secret: string;
    };
    secrets.push(made.secret);
    return made;
  }
  async function pools(...names: string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const name of names) ids.push(((await api.make('/pools', { name })) as { id: string }).id);
    return ids;
  }
  const stateOf = async (id: string) => (await api.get(`/webhooks/${id}`)).body;

  it('delivers signed CloudEvents, in order of a resource, that the standard library verifies', async () => {
    const to = await receiver();
    const { id, secret } = await subscribe(to, { name: 'first' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const [pool] = await pools('order-0');
    for (let n = 1; n <= 5; n++) await api.patch(`/pools/${pool}`, { name: `order-${n}` });
    await eventually('six deliveries', () => to.got.length === 6);
    expect(to.names()).toEqual([0, 1, 2, 3, 4, 5].map((n) => `order-${n}`));
    for (const { headers, text, event } of to.got) {
      expect(headers['content-type']).toBe('application/cloudevents+json');
      expect(headers['webhook-id']).toBe(event.id);
      expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toEqual(event);
    }
    expect(await eventually('progress', async () => (await stateOf(id)).progress.lastDeliveredAt)).toBeTruthy();
    expect((await stateOf(id)).progress).toMatchObject({ state: 'active', waiting: 0, deadLetters: 0, missed: 0 });
    await api.delete(`/webhooks/${id}`);
  });

  it('never tells the secret again, and signs with both after a rotation', async () => {
    const to = await receiver();
    const key = { headers: { 'idempotency-key': 'make-once' } };
    const body = { url: to.url, types: ['none'] };
    const made = await api.post('/webhooks', body, key);
    const again = await api.post('/webhooks', body, key);
    expect([made.status, again.status, again.body.id, again.body.secret]).toEqual([201, 201, made.body.id, undefined]);
    const { id, secret } = made.body;
    secrets.push(secret);
    expect(await stateOf(id)).not.toHaveProperty('secret');
    expect((await api.post(`/webhooks/${id}/rotate`, {}, { headers: { 'if-match': '"7"' } })).status).toBe(412);
    const rotated = await api.post(`/webhooks/${id}/rotate`, {}, { headers: { 'if-match': '"1"' } });
    secrets.push(rotated.body.secret);
    const test = await api.post(`/webhooks/${id}/test`, undefined);
    expect(test.body).toMatchObject({ delivered: true, status: 204, error: null });
    const { text, headers } = to.got[0] ?? { text: '', headers: {} };
    for (const one of [secret, rotated.body.secret]) {
      expect(new Webhook(one).verify(text, headers as Record<string, string>)).toMatchObject({
        type: 'ipam.webhook.ping.v1',
      });
    }
    await api.post(`/webhooks/${id}/rotate`, { overlapSeconds: 0 });
    await api.post(`/webhooks/${id}/test`, undefined);
    const last = to.got[1] ?? { text: '', headers: {} };
    expect(() => new Webhook(secret).verify(last.text, last.headers as Record<string, string>)).toThrow();
    const [stored] = await api.sql('SELECT secret FROM webhook WHERE id = $1', [id]);
    expect(stored.secret).toMatch(/^a256gcm:/);
    await api.delete(`/webhooks/${id}`);
  });

  it('tries a poisoned event again, lets other resources pass, and replays the dead letter', async () => {
    const to = await receiver();
    to.decide = ({ event }) => (event.data.name === 'poison' ? 500 : 204);
    const { id } = await subscribe(to);
    const [poison] = await pools('poison', 'fine');
    await api.patch(`/pools/${poison}`, { name: 'behind' });
    await eventually('the other resource', () => to.names().includes('fine'));
    const [letter] = await eventually('a dead letter', async () => {
      const { deadLetters } = (await api.get(`/webhooks/${id}/dead-letters`)).body;
      return deadLetters.length > 0 && deadLetters;
    });
    expect(letter).toMatchObject({ type: 'ipam.pool.created', attempts: 3, error: 'the receiver answered 500' });
    expect(letter.event.data.name).toBe('poison');
    await eventually('what was behind it', () => to.names().includes('behind'));
    const tries = to.got.filter(({ event }) => event.data.name === 'poison');
    expect(tries).toHaveLength(3);
    expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await api.get(`/webhooks/${id}/dead-letters?subject=pools/x`)).body.deadLetters).toEqual([]);
    to.decide = () => 204;
    expect((await api.post(`/webhooks/${id}/dead-letters/${letter.id}/replay`, undefined)).body).toEqual({ count: 1 });
    await eventually('the replay', () => to.names().includes('poison'));
    expect((await api.post(`/webhooks/${id}/dead-letters/${letter.id}/replay`, undefined)).status).toBe(404);
    await eventually('no dead letter', async () => (await stateOf(id)).progress.waiting === 0);
    expect((await api.delete(`/webhooks/${id}/dead-letters`)).body).toEqual({ count: 0 });
    await api.delete(`/webhooks/${id}`);
  });

  it('goes on when a receiver comes back, and a silent one delays no other', async () => {
    const [away, silent, good] = [await receiver(), await receiver(), await receiver()];
    silent.decide = () => undefined;
    const ids = [await subscribe(away), await subscribe(silent), await subscribe(good)];
    await away.close();
    const names = ['back-1', 'back-2', 'back-3'];
    await pools(...names);
    await eventually('the good one', () => names.every((name) => good.names().includes(name)), 2_000);
    await eventually('failing', async () => (await stateOf(ids[0]?.id ?? '')).progress.state === 'failing');
    await away.listen();
    await api.post(`/webhooks/${ids[0]?.id}/dead-letters/replay`, undefined);
    await eventually('all', () => names.every((name) => away.names().includes(name)));
    for (const { id } of ids) await api.delete(`/webhooks/${id}`);
  });

  it('waits as Retry-After asks, and is disabled by 410 with an event', async () => {
    const to = await receiver();
    to.decide = (_delivery, response) => {
      if (to.got.length > 0) return 410;
      response.setHeader('retry-after', '1');
      return 503;
    };
    const { id } = await subscribe(to);
    await pools('later');
    await eventually('the first attempt', () => to.got.length === 1);
    const begin = Date.now();
    await eventually('the second attempt', () => to.got.length === 2);
    expect(Date.now() - begin).toBeGreaterThan(700);
    const state = await eventually('disabled', async () => {
      const now = await stateOf(id);
      return now.enabled === false && now;
    });
    expect([state.disabledReason, state.progress.state]).toEqual(['the receiver answered 410: it is gone', 'disabled']);
    const told = await eventually('the event', async () => {
      const { events } = (await api.get('/events?type=ipam.webhook.disabled&limit=1000')).body;
      return events.find(({ data }: { data: { id: string } }) => data.id === id);
    });
    expect(told.subject).toBe(`webhooks/${id}`);
    to.decide = () => 204;
    await api.patch(`/webhooks/${id}`, { enabled: true });
    await eventually('delivered after all', () => to.names().includes('later'));
    expect((await stateOf(id)).disabledReason).toBeNull();
    await api.delete(`/webhooks/${id}`);
  });

  it('refuses what nothing may be sent to, and follows no redirect', async () => {
    const to = await receiver();
    const bad = ['ftp://x.example/', 'nonsense', 'https://u:p@x.example/', 'http://169.254.169.254/', 'http://0/'];
    for (const url of [
      ...bad,
      'http://[::ffff:169.254.169.254]/',
      'http://[64:ff9b::a9fe:a9fe]/',
      'http://0xa9fea9fe/',
    ]) {
      const answer = await api.post('/webhooks', { url });
      expect([url, answer.status, answer.body.errors?.[0]?.field]).toEqual([url, 422, 'url']);
    }
    to.decide = (_delivery, response) => {
      response.setHeader('location', to.url);
      return 307;
    };
    const { id } = await subscribe(to, { types: ['none'] });
    expect((await api.post(`/webhooks/${id}/test`, undefined)).body).toMatchObject({ delivered: false, status: 307 });
    expect(to.got).toHaveLength(1);
    const member = await api.token({ sub: 'ann', role: 'member' });
    expect((await api.get('/webhooks', { token: member })).status).toBe(403);
    await api.delete(`/webhooks/${id}`);
  });

  it('delivers what was left when the process at work is killed', async () => {
    const to = await receiver();
    to.decide = () => undefined;
    const { id } = await subscribe(to);
    const third = await Api.start({ database: api.database, secret: api.secret, env: ENV });
    const names = Array.from({ length: 4 }, (_, n) => `kill-${n}`);
    await pools(...names);
    await eventually('an attempt', () => to.got.length > 0);
    const [{ holder }] = await api.sql('SELECT holder FROM webhook_progress WHERE webhook_id = $1', [id]);
    const pid = Number(String(holder).split(' ')[1]);
    // The two that the other tests use are there to the end; another takes over from whichever it is.
    if (pid === third.pid) await third.end('SIGKILL');
    else if (pid === other.pid) {
      await other.end('SIGKILL');
    } else await api.end('SIGKILL');
    const left = pid === api.pid ? other : api;
    to.decide = () => 204;
    await eventually('all of them', () => names.every((name) => to.names().includes(name)), 9_000);
    expect((await left.get(`/webhooks/${id}`)).status).toBe(200);
    await third.close();
  });

  it('wrote no secret to a log or an event', async () => {
    const rows = await api.sql('SELECT body FROM outbox_packed');
    const kept = await api.sql('SELECT body FROM idempotency_key WHERE body IS NOT NULL');
    const [told, remembered] = [api.log + other.log + JSON.stringify(rows), JSON.stringify(kept)];
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((secret) => told.includes(secret) || remembered.includes(secret))).toEqual([]);
    // nor the path of a URL, which may be one
    expect(told.includes('/hook')).toBe(false);
  });
});
