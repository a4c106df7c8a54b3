import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { vendor } from './go-client.js';
import { exactly } from './raw.js';

/** contracts/rackhd.md, section 3. */
const UNKNOWN = '6b024480686c824ea09e15b6';

describe('media types', () => {
  let api: Api;
  let pool: string;

  beforeAll(async () => {
    api = await Api.start({ auth: 'none' });
    ({ id: pool } = (await api.make('/pools', { name: 'P' })) as { id: string });
  });
  afterAll(() => api.close());

  describe('Accept', () => {
    it.each([
      [undefined, false],
      ['*/*', false],
      ['application/*', false],
      ['text/html', false],
      ['application/vnd.ipam.pool+json; version=2.0.0', false],
      ['application/json;q=0', false],
      ['application/json', true],
      ['application/json, text/plain, */*', true],
      ['application/json, application/vnd.ipam.pool+json; version=1.0.0', false],
      ['application/json;q=0.9, application/vnd.ipam.pool+json; version=1.0.0;q=0.8', true],
      ['nonsense;;;', false],
    ])('%s decides between the vendor type and application/json', async (accept, json) => {
      const { status, headers, body } = await exactly(
        api,
        'GET',
        `/pools/${pool}`,
        accept === undefined ? {} : { accept },
      );
      expect(status).toBe(200);
      expect(headers['content-type']).toBe(json ? 'application/json' : vendor('pool'));
      expect(body.id).toBe(pool);
    });

    it('never makes an error look like a resource', async () => {
      for (const accept of [vendor('pool'), '*/*', 'application/json']) {
        const { status, headers, body } = await exactly(api, 'GET', `/pools/${UNKNOWN}`, { accept });
        expect([status, headers['content-type']]).toEqual([404, 'application/problem+json']);
        expect(body).toEqual({
          type: 'about:blank',
          title: 'Not Found',
          status: 404,
          detail: expect.stringContaining(UNKNOWN),
          instance: expect.stringMatching(/^urn:uuid:/),
          code: 'not-found',
        });
      }
    });
  });

  describe('Content-Type', () => {
    it.each([
      ['application/vnd.ipam.pool+json; version=1.0.0', 201],
      ['application/vnd.ipam.pool; version=1.0.0', 201],
      ['APPLICATION/vnd.IPAM.pool+JSON; VERSION="1.0.0"; charset=utf-8', 201],
      ['application/json', 201],
      ['application/json; charset=utf-8', 201],
      ['application/vnd.ipam.subnet+json; version=1.0.0', 415],
      ['application/vnd.ipam.pools+json; version=1.0.0', 415],
      ['application/vnd.ipam.pool+xml; version=1.0.0', 415],
      ['application/vnd.ipam.pool+json; version=1.0.1', 415],
      ['application/vnd.ipam.pool+json', 415],
      ['application/merge-patch+json', 415],
      ['text/plain', 415],
      ['+json; version=""', 415],
      [';', 415],
    ])('%s on POST is %i', async (type, status) => {
      const answer = await exactly(api, 'POST', '/pools', { 'content-type': type }, '{"name":"typed"}');
      expect(answer.status).toBe(status);
      if (status === 415) {
        expect(answer.body.code).toBe('unsupported-media-type');
        expect(answer.headers['content-type']).toBe('application/problem+json');
      }
    });

    it('absent is 415, and the media type is looked at before the JSON', async () => {
      expect((await exactly(api, 'POST', '/pools', {}, '{"name":"x"}')).status).toBe(415);
      expect((await exactly(api, 'POST', '/pools', { 'content-type': 'text/plain' }, '{')).status).toBe(415);
      expect((await exactly(api, 'POST', '/pools', { 'content-length': '0' })).status).toBe(415);
    });

    it('merge-patch is for PATCH', async () => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      expect((await exactly(api, 'PATCH', `/pools/${pool}`, headers, '{"name":"m"}')).status).toBe(200);
      expect((await exactly(api, 'PUT', `/pools/${pool}`, headers, '{"name":"m"}')).status).toBe(415);
    });

    it.each(['+json; version=""', '', 'x', 'application/vnd.ipam.pools+json; version=1.0.0', '"', 'a/b;c="'])(
      '%j on GET is never looked at',
      async (type) => {
        for (const path of ['/pools', `/pools/${pool}`]) {
          expect((await exactly(api, 'GET', path, { 'content-type': type })).status).toBe(200);
        }
      },
    );

    it.each(['application/vnd.ipam.pool+json; version=1.0.0', 'application/json', '+json; version=""', 'text/xml'])(
      '%j and any body on DELETE are never looked at',
      async (type) => {
        for (const body of ['', '{', '{"id":"","name":"","tags":null,"metadata":null}\n', 'null']) {
          const { id } = await api.make('/pools', {});
          const headers = { 'content-type': type };
          expect((await exactly(api, 'DELETE', `/pools/${id}`, headers, body)).status).toBe(204);
        }
      },
    );
  });
});
