import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { createSecret } from './secrets.ts';

/** 128 bits: short enough for an address, and too many to guess. */
const codeBytes = 16;

/** https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf */
const cipherName = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

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

  async function digestOf(...parts: string[]): Promise<Buffer> {
    return createHmac('sha256', await key.current())
      .update(JSON.stringify(parts))
      .digest();
  }

  return {
    /** Like `seal`, but nobody can read the text either. The same text has the same seal, so that an answer with it stays the same. */
    async hide(purpose: string, text: string): Promise<string> {
      // Derived from the text, so that no two texts have the same nonce.
      const nonce = (await digestOf('nonce', purpose, text)).subarray(0, nonceBytes);
      const cipher = createCipheriv(cipherName, await digestOf('key', purpose), nonce);
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url');
    },

    /** The text that was hidden; undefined if it was not hidden for this purpose. */
    async reveal(purpose: string, hidden: string): Promise<string | undefined> {
      const bytes = Buffer.from(hidden, 'base64url');
      if (bytes.length < nonceBytes + tagBytes) return undefined;
      const [nonce, rest] = [bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes)];
      const decipher = createDecipheriv(cipherName, await digestOf('key', purpose), nonce);
      decipher.setAuthTag(rest.subarray(0, tagBytes));
      const text = decipher.update(rest.subarray(tagBytes));
      try {
        return Buffer.concat([text, decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },

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
