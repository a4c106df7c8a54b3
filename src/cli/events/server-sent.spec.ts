import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { serverSentEvents, type ServerSent } from './server-sent.js';

async function read(chunks: readonly string[]): Promise<ServerSent[]> {
  const events: ServerSent[] = [];
  async function* source(): AsyncGenerator<string> {
    yield* chunks;
  }
  for await (const event of serverSentEvents(source())) events.push(event);
  return events;
}

describe('serverSentEvents', () => {
  it('reads ids and data, and passes over comments and other fields', async () => {
    const text = ': hello\nretry: 1000\n\nid: 7\nevent: x\ndata: {"a":1}\n\ndata:one\ndata: two\n\n: still here\n\n';
    expect(await read([text])).toEqual([{ id: '7', data: '{"a":1}' }, { data: 'one\ntwo' }]);
  });

  it('tells an id that comes without data', async () =>
    expect(await read(['id: 9\n\n'])).toEqual([{ id: '9', data: '' }]));

  it('drops an event that was not finished', async () => expect(await read(['id: 9\ndata: x\n'])).toEqual([]));

  it('reads the same however the text is cut, whatever ends its lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.record({ id: fc.nat().map(String), data: fc.json() }), { maxLength: 5 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 10 }),
        async (end, events, cuts) => {
          const lines = events.flatMap(({ id, data }) => [`id: ${id}`, `data: ${data}`, '']);
          // One more line, so that a CR at the end is known not to be half of a CR LF.
          const text = [...lines, ': end', ''].join(end);
          const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
          const chunks = places.slice(1).map((place, index) => text.slice(places[index], place));
          expect(await read(chunks)).toEqual(events);
        },
      ),
    );
  });
});
