import type { Mail } from '../../../core/mail/content.ts';
import { renderMail } from '../../../core/mail/render.ts';

export type ReadMail = Mail & ReturnType<typeof renderMail>;

/** A function that writes a mail, as one that gives the mail as its recipients read it. */
export function asRead<Given extends unknown[], Written extends Mail | undefined>(write: (...given: Given) => Written) {
  type Read = Written extends Mail ? ReadMail : Extract<Written, undefined>;
  return (...given: Given): Read => {
    const mail = write(...given);
    return (mail && { ...mail, ...renderMail(mail) }) as Read;
  };
}
