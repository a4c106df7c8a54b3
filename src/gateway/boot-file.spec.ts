import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredState, StatusReport } from '../contract/desired-state.js';
import { BootFileError, bootFileText, goneLine, loadBootFile, readBootFile } from './boot-file.js';
import { BootKeeper } from './boot-keeper.js';

const map = (id: string, port: number): DesiredState['maps'][number] => ({
  ...{ id, ruleId: `berth1:${id.padStart(16, '0')}`, protocol: 'tcp', connectionPort: port },
  ...{ address: '10.20.0.7', targetPort: 22 },
});
const state = (generation: number, ...ids: string[]): DesiredState => ({
  gateway: { id: 'gw-1', name: 'lab', externalAddress: '192.0.2.1', networks: [] },
  generation,
  maps: ids.map((id, index) => map(id, 50_000 + index)),
  removing: [],
});
const ids = (kept: DesiredState | undefined): string[] | undefined => kept?.maps.map(({ id }) => id);

describe('a boot file', () => {
  const text = bootFileText(state(3, 'a', 'b', 'c'));

  it('gives back what was written, less what was removed since', () => {
    expect(readBootFile(text)).toEqual(state(3, 'a', 'b', 'c'));
    expect(ids(readBootFile(text + goneLine(['b']) + goneLine(['a', 'x'])))).toEqual(['c']);
  });

  it('cut short anywhere is refused, but in a note that was not yet told to anybody', () => {
    for (let length = 0; length < text.length - 1; length++) {
      expect(() => readBootFile(text.slice(0, length))).toThrow(BootFileError);
    }
    const note = goneLine(['b']);
    for (let length = 0; length < note.length; length++) {
      expect(ids(readBootFile(text + note.slice(0, length)))).toEqual(['a', 'b', 'c']);
    }
  });

  it.each([
    ['another port', text.replace('50001', '50009')],
    ['a state that is none', bootFileText({ ...state(3), maps: [{ ...map('a', 1), protocol: 'icmp' as 'tcp' }] })],
    ['another format', text.replace('state-1', 'state-9')],
    ['a note that is none', `${text}{"gone":true}\n`],
    ['something else', 'hello\n'],
  ])('with %s is refused', (_what, damaged) => {
    expect(() => readBootFile(damaged)).toThrow();
  });
});

describe('what keeps it', () => {
  let directory: string;
  let path: string;
  let said: string[];
  let keeper: BootKeeper;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'berth-boot-'));
    path = join(directory, 'state');
    said = [];
    keeper = open();
  });
  afterEach(() => {
    keeper.close();
    rmSync(directory, { recursive: true });
  });
  const open = (): BootKeeper => new BootKeeper(path, (_level, message) => said.push(message), 3_600_000);
  const report = (generation: number, more: Partial<StatusReport> = {}): StatusReport => ({
    ...{ generation, mode: 'apply', maps: [], gone: [] },
    ...more,
  });
  const apply = (kept: DesiredState, more: Partial<StatusReport> = {}): StatusReport => {
    keeper.submit(kept);
    return keeper.observe(report(kept.generation, more));
  };

  it('writes the first that is applied at once, for its owner only, and a later one at the end', () => {
    apply(state(1, 'a'));
    expect([ids(loadBootFile(path)), statSync(path).mode & 0o777]).toEqual([['a'], 0o600]);
    apply(state(2, 'a', 'b'));
    expect(ids(loadBootFile(path))).toEqual(['a']);
    keeper.close();
    expect(ids(loadBootFile(path))).toEqual(['a', 'b']);
    expect(existsSync(`${path}.next`)).toBe(false);
  });

  it('writes nothing that was not applied', () => {
    const failed = { id: 'a', ruleId: map('a', 1).ruleId, status: 'failed', reason: 'x' } as const;
    apply(state(1, 'a'), { maps: [failed] });
    apply(state(2, 'a'), { mode: 'plan' });
    keeper.submit(state(4, 'a'));
    keeper.observe(report(3));
    keeper.close();
    expect(existsSync(path)).toBe(false);
  });

  it('is rid of a removed map before that is reported, also of one that the process before wrote', () => {
    apply(state(1, 'a', 'b', 'c'));
    apply(state(2, 'a', 'c'), { gone: ['b'] });
    expect(ids(loadBootFile(path))).toEqual(['a', 'c']); // noted, not yet written anew
    keeper = open(); // the one before was killed
    apply(state(1, 'a', 'b', 'c'), { gone: ['c'] });
    expect(ids(loadBootFile(path))).toEqual(['a']);
  });

  it('does not write back what is gone by the time that it writes', () => {
    apply(state(1, 'a'));
    apply(state(2, 'a', 'b'));
    keeper.submit(state(4, 'a')); // the newest, of which nothing is known yet
    keeper.observe(report(3, { gone: ['b'] }));
    keeper.close();
    expect(ids(loadBootFile(path))).toEqual(['a']);
  });

  it('withholds what it cannot forget', () => {
    apply(state(1, 'a', 'b'));
    rmSync(path);
    rmSync(directory, { recursive: true });
    expect(apply(state(2, 'a'), { gone: ['b', 'z'] }).gone).toEqual(['z']);
    expect(said[0]).toMatch(/cannot be rid of removed maps/);
    directory = mkdtempSync(join(tmpdir(), 'berth-boot-'));
  });

  it('refuses one that others may write to, and replaces what it cannot use', () => {
    writeFileSync(path, bootFileText(state(1, 'a')), { mode: 0o600 });
    chmodSync(path, 0o620);
    expect(() => loadBootFile(path)).toThrow(/others than root may write/);
    writeFileSync(path, 'nonsense');
    chmodSync(path, 0o600);
    keeper = open();
    expect(said).toEqual([expect.stringMatching(/will be replaced: its first line is not a JSON object/)]);
    apply(state(2, 'b'));
    expect(ids(readBootFile(readFileSync(path, 'utf8')))).toEqual(['b']);
  });
});
