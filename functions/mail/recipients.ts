import type { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../../core/concurrency.ts';
import {
  addressLinkFrom,
  addressLinkPurpose,
  encodeAddressLink,
  isToBeAsked,
  type MailAddressRecord,
} from '../../core/mail/confirmation.ts';
import { confirmationMail } from '../../core/mail/confirmation-mail.ts';
import type { Project } from '../../core/model/project.ts';
import { openSeals, type Seals } from '../../services/aws/seals.ts';
import { variable } from '../../services/environment.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { distinctAddresses } from '../../services/mail/mail-address.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { type MailAddresses, openMailAddresses } from '../../services/tables/mail-addresses.ts';

interface Services {
  addresses: Pick<MailAddresses, 'getMany' | 'claim' | 'markAsked' | 'release'>;
  mailer: Mailer;
  seals: Pick<Seals, 'seal'>;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

type Addressees = Pick<Project, 'name' | 'notifyEmail'>;

/** SES limits the rate; its SDK waits and retries. */
const mailsAtOnce = 4;

/** Who gets the mails about a project: those of its addresses whose owners agreed. */
export interface Recipients {
  /** Those that agreed. Those that were never asked are asked now; what they would have got is not sent to them later. */
  confirmed(project: Addressees): Promise<string[]>;
}

/** Whoever writes an entry of the index could send mails to anybody; so each address is asked once, by the only mail it gets unasked. */
export function createRecipients({ addresses, mailer, seals, siteUrl, indexUrl, logger }: Services): Recipients {
  async function ask(project: string, { address, asks }: MailAddressRecord): Promise<void> {
    const now = new Date();
    if (!(await addresses.claim({ address, asks }, now))) return;
    try {
      const sealed = await seals.seal(addressLinkPurpose, encodeAddressLink(addressLinkFrom(address, now)));
      const mail = confirmationMail({ address, project, link: `${siteUrl}/addresses/${sealed}`, siteUrl, indexUrl });
      const id = `confirm ${address} ${asks + 1}`;
      await sendBestEffort({ mailer, logger }, { id, to: [address], mail, about: { project } });
      await addresses.markAsked({ address, asks }, now);
    } catch (error) {
      // The others get their mails all the same; this address is asked with the next mail that is due.
      logger.warn('An address could not be asked whether it wants mails', { project, error: error as Error });
      await addresses.release(address);
    }
  }

  return {
    async confirmed({ name, notifyEmail }) {
      const wanted = distinctAddresses(notifyEmail);
      if (wanted.length < notifyEmail.length) logger.warn('An entry names addresses that are none', { project: name });
      const known = new Map((await addresses.getMany(wanted)).map((record) => [record.address, record]));
      const records: MailAddressRecord[] = wanted.map((address) => ({
        asks: 0,
        ...known.get(address.toLowerCase()),
        address,
      }));
      const toAsk = records.filter((record) => isToBeAsked(record, new Date()));
      await mapConcurrently(toAsk, mailsAtOnce, (record) => ask(name, record));
      return records.filter(({ answer }) => answer === 'confirmed').map(({ address }) => address);
    },
  };
}

/** Where the operators trust everybody who writes to the index: every address gets the mails. */
const everybody: Recipients = { confirmed: async ({ notifyEmail }) => notifyEmail };

export function openRecipients(logger: Logger): Recipients {
  if (variable('CONFIRM_ADDRESSES') === 'no') return everybody;
  return createRecipients({
    addresses: openMailAddresses(),
    mailer: openMailer(),
    seals: openSeals(),
    siteUrl: variable('SITE_URL'),
    indexUrl: indexUrl(),
    logger,
  });
}
