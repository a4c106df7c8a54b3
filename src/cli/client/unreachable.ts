import { Failure } from '../failure.js';

/** What to tell about a request that got no answer. */
export function unreachable(url: string, error: Error): Failure {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') {
    return new Failure(`Nothing answers at ${url}.`, undefined, [
      'Is Berth running? "make run" starts one on this machine; --url (or "vlab login --url URL") says where it is.',
    ]);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Failure(`The host of ${url} has no address that can be found.`, undefined, ['Is the URL right?']);
  }
  if (error.name === 'TimeoutError')
    return new Failure(`${url} took the request, but did not answer in time. Try again.`);
  const { cause } = error;
  const words = cause instanceof Error && cause.message !== '' ? `${code}: ${cause.message}` : code;
  return new Failure(`${url} cannot be reached (${words}).`);
}

/** fetch hides the useful word in the cause. */
export function codeOf(error: Error): string {
  const { cause } = error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return error.name === 'TypeError' ? error.message : error.name;
}
