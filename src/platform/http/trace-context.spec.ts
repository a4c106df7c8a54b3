import { describe, expect, it } from '@jest/globals';
import { traceContext } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('traceContext', () => {
  it('takes a good header as it is', () =>
    expect(traceContext(`00-${TRACE}-${PARENT}-01`)).toBe(`00-${TRACE}-${PARENT}-01`));

  it('takes of a later version what this one has', () =>
    expect(traceContext(`01-${TRACE}-${PARENT}-01-more`)).toBe(`00-${TRACE}-${PARENT}-01`));

  it.each([
    ['', 'nothing'],
    [`00-${TRACE}-${PARENT}`, 'no flags'],
    [`00-${TRACE}-${PARENT}-01-more`, 'more than version 00 has'],
    [`ff-${TRACE}-${PARENT}-01`, 'the version that there is not'],
    [`00-${'0'.repeat(32)}-${PARENT}-01`, 'no trace'],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, 'no parent'],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`, 'capitals'],
    [`00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, 'two'],
    [`00-${TRACE}-${PARENT}-0"`, 'what is no hexadecimal digit'],
  ])('takes %p for none: %s', (header) => expect(traceContext(header)).toBeUndefined());
});
