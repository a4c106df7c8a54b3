import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CliEnvironment } from '../../platform/config/cli-environment.js';
import { writeLogin } from './login-file.js';
import { checkedUrl, findTarget, isPrivate } from './target.js';
import { holderOf } from './token.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-target-'));
});
afterEach(() => rm(folder, { recursive: true }));

const environment = (more: Partial<CliEnvironment> = {}): CliEnvironment => ({
  folder,
  vlabFolder: folder,
  home: folder,
  path: [],
  programs: [],
  colour: false,
  ...more,
});

describe('findTarget', () => {
  it('takes options, then the environment, then what login kept, then the default', () => {
    expect(findTarget({}, environment())).toEqual({ url: 'http://127.0.0.1:8000' });
    writeLogin(folder, { url: 'https://kept.example', token: 'k.e.pt' });
    expect(findTarget({}, environment())).toEqual({ url: 'https://kept.example', token: 'k.e.pt' });
    const given = environment({ url: 'https://env.example/', token: 'e.n.v' });
    expect(findTarget({}, given)).toEqual({ url: 'https://env.example', token: 'e.n.v' });
    expect(findTarget({ url: 'https://option.example', token: 'o.p.t' }, given)).toEqual({
      url: 'https://option.example',
      token: 'o.p.t',
    });
  });

  it('sends a kept token only to the URL that it was kept with', () => {
    writeLogin(folder, { url: 'https://kept.example', token: 'k.e.pt' });
    expect(findTarget({ url: 'https://other.example' }, environment())).toEqual({ url: 'https://other.example' });
    expect(findTarget({ url: 'http://kept.example' }, environment())).toEqual({ url: 'http://kept.example' });
    expect(findTarget({ url: 'https://kept.example/' }, environment())).toHaveProperty('token', 'k.e.pt');
  });

  it('refuses two tokens, and what is none', () => {
    expect(() => findTarget({ token: 'a.b.c', tokenFile: 'x' }, environment())).toThrow('not both');
    expect(() => findTarget({ token: 'a\nb' }, environment())).toThrow('three parts');
  });
});

it('checkedUrl() keeps a path and refuses what is no URL of an API', () => {
  expect(checkedUrl('https://h.example:8443/berth/?x#y')).toBe('https://h.example:8443/berth');
  for (const text of ['', 'h.example', '127.0.0.1:8000', 'ftp://h', 'http://u@h'])
    expect(() => checkedUrl(text)).toThrow();
});

it('isPrivate() knows where a token is safe from others', () => {
  expect(['https://h', 'http://127.0.0.1:8000', 'http://localhost', 'http://[::1]:80/x'].every(isPrivate)).toBe(true);
  expect(['http://h', 'http://10.0.0.1', 'http://localhost.example', 'http://[::2]'].some(isPrivate)).toBe(false);
});

it('holderOf() reads what a token says, and nothing from what is none', () => {
  const token = (claims: unknown): string => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
  expect(holderOf(token({ sub: 'ann', role: 'member', exp: 1 }))).toEqual({
    name: 'ann',
    role: 'member',
    expires: new Date(1000),
  });
  for (const text of ['', 'a.b.c', token(null), token({ sub: 1, role: 'x' })]) expect(holderOf(text)).toBeUndefined();
});
