/** An answer of the face that is no success: its status, and the text that old clients print. */
export class VlabRefusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 500,
    text: string,
    options?: { cause?: unknown },
  ) {
    super(text, options);
    this.name = 'VlabRefusal';
  }
}

export const noSession = (cause?: unknown): VlabRefusal => new VlabRefusal(401, 'No Valid Session Found', { cause });

export const badToken = (cause?: unknown): VlabRefusal =>
  new VlabRefusal(401, 'Invalid auth token supplied', { cause });

export const noAccess = (user: string): VlabRefusal => new VlabRefusal(403, `user ${user} does not have access`);
