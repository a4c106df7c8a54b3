import { describe, expect, it } from '@jest/globals';
import { Output } from './output.js';

const at = (level: string, message: string): string =>
  JSON.stringify({ time: '2026-01-02T03:04:05.678Z', level, message, n: 1 });

describe('Output', () => {
  function output(format: 'text' | 'json' = 'text') {
    const lines: string[] = [];
    return { lines, output: new Output((line) => lines.push(line), format, false) };
  }

  it('holds lines back until it opens, and then prints the warnings among them and all that follow', () => {
    const { lines, output: out } = output();
    const api = out.of('api');
    api(at('info', 'listening'));
    api(at('warn', 'no NATS'));
    api('Error: a stack');
    out.say('postgres runs again');
    expect(lines).toEqual([]);
    out.open();
    api(at('info', 'served'));
    expect(lines).toEqual([
      'api      03:04:05.678 warn  no NATS n=1',
      'api      Error: a stack',
      expect.stringMatching(/^up {7}\d\d:\d\d:\d\d\.\d{3} warn {2}postgres runs again$/),
      'api      03:04:05.678 info  served n=1',
    ]);
  });

  it('prints all that it held when the start fails', () => {
    const { lines, output: out } = output();
    out.of('api')(at('info', 'listening'));
    out.flush();
    expect(lines).toEqual(['api      03:04:05.678 info  listening n=1']);
  });

  it('writes JSON with the name of the part, also for what is none', () => {
    const { lines, output: out } = output('json');
    out.open();
    out.of('gateway')(at('info', 'planned'));
    out.of('gateway')('{"time":1}');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { process: 'gateway', n: 1, time: '2026-01-02T03:04:05.678Z', level: 'info', message: 'planned' },
      { process: 'gateway', time: expect.any(String), level: 'error', message: '{"time":1}' },
    ]);
  });
});
