import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './config.js';
import { configurationMarkdown, describeConfig, maskUserInfo } from './display.js';
import { SETTINGS } from './settings.js';

describe('berth config', () => {
  const environment = {
    DATABASE_URL: 'postgres://berth:hunter2@db.example:5432/berth?sslmode=require',
    NATS_URL: 'nats://hunter2@a:4222,nats://u:hunter2@b:4222',
    AUTH_SECRET: 'hunter2 hunter2 hunter2 hunter2 hunter2',
    PORT: '9000',
  };
  const lines = describeConfig(parseConfig(environment), environment);

  it('shows every setting once, with its origin', () => {
    const names = Object.values(SETTINGS).flatMap((group) => Object.values(group).map((setting) => setting.name));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(names);
    expect(lines.find((line) => line.startsWith('PORT '))).toMatch(/^PORT +9000 +environment$/);
    expect(lines.find((line) => line.startsWith('HOST '))).toMatch(/^HOST +127\.0\.0\.1 +default$/);
    expect(lines.find((line) => line.startsWith('AUTH_ISSUER '))).toMatch(/^AUTH_ISSUER +-$/);
  });

  it('shows no secret', () => {
    expect(lines.join('\n')).not.toContain('hunter2');
    expect(lines.find((line) => line.startsWith('AUTH_SECRET '))).toMatch(/\(set\) +environment$/);
    expect(lines.find((line) => line.startsWith('DATABASE_URL '))).toContain(
      'postgres://berth:***@db.example:5432/berth',
    );
  });

  it.each([
    ['nats://token@h:1', 'nats://***@h:1'],
    ['http://h/path@x', 'http://h/path@x'],
    ['postgres://u:p%40q@h/d', 'postgres://u:***@h/d'],
  ])('masks %s', (plain, masked) => expect(maskUserInfo(plain)).toBe(masked));
});

describe('docs/configuration.md', () => {
  it('is current (else: make docs)', async () => {
    const written = await readFile(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
    expect(written).toBe(configurationMarkdown());
  });
});
