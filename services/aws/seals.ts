import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { createSecret } from './secrets.ts';

/** 128 bits: short enough for an address, and too many to guess. */
const codeBytes = 16;

/**
 * Signs texts that go out and come back, such as cursors and links in mails, so that only those which Slipway gave are accepted. The
 * purpose is signed too: a text that was sealed for one purpose does not open for another. The key stays the same for good; it protects
 * no data, and a new one would only make cursors and links in use invalid.
 */
export function createSeals(key: Pick<ReturnType<typeof createSecret>, 'current'>) {
  async function codeOf(purpose: string, text: string): Promise<Buffer> {
    const hmac = createHmac('sha256', await key.current());
    return hmac
      .update(JSON.stringify([purpose, text]))
      .digest()
      .subarray(0, codeBytes);
  }

  return {
    async seal(purpose: string, text: string): Promise<string> {
      return `${text}.${(await codeOf(purpose, text)).toString('base64url')}`;
    },

    /** The text that was sealed; undefined if it was not sealed for this purpose. */
    async open(purpose: string, sealed: string): Promise<string | undefined> {
      const dot = sealed.lastIndexOf('.');
      if (dot === -1) return undefined;
      const text = sealed.slice(0, dot);
      const code = Buffer.from(sealed.slice(dot + 1), 'base64url');
      const expected = await codeOf(purpose, text);
      return code.length === expected.length && timingSafeEqual(code, expected) ? text : undefined;
    },
  };
}

export type Seals = ReturnType<typeof createSeals>;

export const openSeals = once(() => createSeals(createSecret(variable('SEAL_KEY_SECRET'))));
