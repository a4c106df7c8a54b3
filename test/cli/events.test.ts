import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Lab } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
});
afterAll(() => lab.stop());

interface Event {
  type: string;
  sequence: string;
  data: { name: string };
}

/** What a running `vlab` has written so far. */
function listen(child: ChildProcess): { out: () => string; err: () => string } {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return { out: () => out, err: () => err };
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

describe('vlab events', () => {
  it('shows what happened, one event a line, and where to go on', async () => {
    await lab.ok('pool', 'create', '--name', 'first');
    await lab.ok('pool', 'create', '--name', 'second');
    await eventually('both events', async () => linesOf(await lab.ok('events')).length === 2);
    const { stdout, stderr } = await lab.vlab(['events', '--limit', '1']);
    expect(stdout).toMatch(/^20\S+Z {2}pool\.created +pools\/\S+ {2}"first"\n$/);
    expect(stderr).toMatch(/^There may be more: vlab events --after [0-9]+\n$/);
    const after = /[0-9]+$/m.exec(stderr)?.[0] ?? '';
    expect(await lab.ok('events', '--after', after)).toMatch(/^\S+ {2}pool\.created .*"second"\n$/);
    expect(await lab.vlab(['events', '--type', 'ipam.lease.'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no events to show.\n',
    });
  });

  it('gives one CloudEvent a line as JSON', async () => {
    const events = linesOf(await lab.ok('events', '--json', '--type', 'ipam.pool.created.v1')).map(
      (line) => JSON.parse(line) as Event,
    );
    expect(events).toMatchObject([
      { specversion: '1.0', type: 'ipam.pool.created.v1', data: { name: 'first' } },
      { specversion: '1.0', type: 'ipam.pool.created.v1', data: { name: 'second' } },
    ]);
  });
});

describe('vlab events --follow', () => {
  it('shows what happens as it happens, and goes on by itself when the API was away: nothing twice, nothing lost', async () => {
    const follower = lab.start(['events', '--follow', '--json', '--after', '0', '--type', 'ipam.pool.']);
    const { out, err } = listen(follower);
    const names = (): string[] => linesOf(out()).map((line) => (JSON.parse(line) as Event).data.name);
    await eventually('the past', () => names().length === 2);
    await lab.ok('pool', 'create', '--name', 'third');
    await eventually('the present', () => names().length === 3);
    await lab.stopApi();
    await eventually('the remark', () => err().includes('Trying again until it is back'));
    await lab.startApi();
    await lab.ok('pool', 'create', '--name', 'fourth');
    await eventually('the time after', () => names().length >= 4);
    expect(names()).toEqual(['first', 'second', 'third', 'fourth']);
    expect(err()).toContain('Connected again.');
    expect(follower.exitCode).toBeNull();
    follower.kill('SIGINT');
    await eventually('its end', () => follower.signalCode === 'SIGINT' || follower.exitCode !== null);
  });

  it('writes for people', async () => {
    const { out } = listen(lab.start(['events', '-f', '--after', '0']));
    await eventually('all events', () => linesOf(out()).length >= 4);
    expect(linesOf(out())[3]).toMatch(/Z {2}pool\.created +pools\/\S+ {2}"fourth"$/);
  });

  it('ends when its reader has had enough', async () => {
    const follower = lab.start(['events', '-f', '--after', '0']);
    follower.stdout?.once('data', () => follower.stdout?.destroy());
    await eventually('the past', () => follower.stdout?.destroyed);
    // It notices at its next line.
    await lab.ok('pool', 'create', '--name', 'fifth');
    await eventually('its end', () => follower.exitCode !== null);
    expect(follower.exitCode).toBe(0);
  });

  it('says what is wrong when it cannot even begin', async () => {
    expect(await lab.vlab(['events', '-f'], { env: { ...lab.env, BERTH_TOKEN: 'a.b.c' } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Log in: '),
    });
    await lab.stopApi();
    expect(await lab.vlab(['events', '-f'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing answers'),
    });
  });
});
