import { describe, expect, it } from '@jest/globals';
import { Logger, LoggerOptions } from './logger.js';

function log(options: Partial<LoggerOptions>, say: (logger: Logger) => void): string[] {
  const lines: string[] = [];
  say(new Logger({ level: 'info', format: 'text', ...options, write: (line) => lines.push(line) }));
  return lines;
}
const json = (say: (logger: Logger) => void, level: LoggerOptions['level'] = 'info'): unknown[] =>
  log({ format: 'json', level }, say).map((line) => JSON.parse(line) as unknown);

describe('Logger', () => {
  it('writes what is as important as the level, or more', () => {
    const all = (logger: Logger) => {
      logger.debug('d');
      logger.verbose('v');
      logger.info('i');
      logger.log('l');
      logger.warn('w');
      logger.error('e');
      logger.fatal('f');
    };
    expect(log({ level: 'debug' }, all)).toHaveLength(7);
    expect(log({ level: 'info' }, all)).toHaveLength(5);
    expect(log({ level: 'error' }, all)).toHaveLength(2);
  });

  it('writes one JSON object a line, fields beside the message', () => {
    const [entry] = json((logger) => logger.with({ gateway: 'g1' }).info('rules applied', { count: 3, took: 12n }));
    expect(entry).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      message: 'rules applied',
      gateway: 'g1',
      count: 3,
      took: '12',
    });
  });

  it('does not let a field replace time, level or message', () => {
    const [entry] = json((logger) => logger.info('real', { message: 'forged', level: 'error' }));
    expect(entry).toMatchObject({ message: 'real', level: 'info' });
  });

  it('writes one line of text whatever is in it', () => {
    const lines = log({}, (logger) =>
      logger.warn('name\nrefused', { name: 'a\r\n12:00:00 info  forged=1', plain: 'x' }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}name\\nrefused name="a\\r\\n12:00:00 info {2}forged=1" plain=x$/,
    );
  });

  it.each(['json', 'text'] as const)('hides secrets in %s, by field name and by their look', (format) => {
    const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.hunter2`;
    const lines = log({ format, level: 'debug' }, (logger) => {
      logger.info(`connected to nats://u:hunter2@h:4222 with ${jwt}`);
      logger.info('x', {
        password: 'hunter2',
        nested: { AUTH_SECRET: ['hunter2'], headers: { Authorization: 'hunter2' } },
      });
      logger.info('x', { header: 'Bearer hunter2', url: 'postgres://berth:hunter2@db/berth' });
      logger.error(new Error(`cannot reach postgres://berth:hunter2@db/berth`));
    });
    expect(lines).toHaveLength(4);
    expect(lines.join('\n')).not.toContain('hunter2');
    expect(lines.join('\n')).toContain('nats://***@h:4222');
  });

  it("takes an error's name, message, code and cause, and its stack only at debug", () => {
    const error = Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'E1', client: { pw: 'x' } });
    const expected = { name: 'TypeError', message: 'no', code: 'E1', cause: { name: 'Error', message: 'why' } };
    expect(json((logger) => logger.error('failed', { error }))).toEqual([expect.objectContaining({ error: expected })]);
    expect(json((logger) => logger.error('failed', error), 'debug')).toEqual([
      expect.objectContaining({ error: expect.objectContaining({ stack: expect.stringContaining('TypeError: no') }) }),
    ]);
  });

  it('survives a circular field', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(json((logger) => logger.info('loop', { loop }))).toHaveLength(1);
  });

  it("understands Nest's arguments", () => {
    expect(json((logger) => logger.log('Mapped {/pools, GET} route', 'RouterExplorer'))).toEqual([
      expect.objectContaining({ message: 'Mapped {/pools, GET} route', context: 'RouterExplorer' }),
    ]);
    const [entry] = json((logger) => logger.error('boom', 'Error: boom\n  at x', 'ExceptionsHandler'));
    expect(entry).toEqual(expect.objectContaining({ message: 'boom', context: 'ExceptionsHandler' }));
    expect(entry).not.toHaveProperty('stack');
  });
});
