import type { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../../core/concurrency.ts';
import { addressLinkFrom, addressLinkPurpose, encodeAddressLink } from '../../core/mail/address-link.ts';
import { confirmationMail } from '../../core/mail/confirmation-mail.ts';
import type { Recipient } from '../../core/mail/content.ts';
import { distinctAddresses } from '../../core/mail/distinct-addresses.ts';
import { isToBeAsked, type MailAddressRecord, whyNoMail } from '../../core/mail/mail-address.ts';
import type { Project } from '../../core/model/project.ts';
import { openSeals, type Seals } from '../../services/aws/seals.ts';
import { isPermitted, siteUrl } from '../../services/environment.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { type MailAddresses, openMailAddresses } from '../../services/tables/mail-addresses.ts';

interface Services {
  addresses: Pick<MailAddresses, 'getMany' | 'claim' | 'markAsked' | 'release'>;
  mailer: Mailer;
  seals: Pick<Seals, 'seal'>;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
  /** Whether an address gets mails only if its owner agreed. Without it the operators trust everybody who writes to the index. */
  mustConfirm: boolean;
}

type Addressees = Pick<Project, 'name' | 'notifyEmail'>;

/** SES limits the rate; its SDK waits and retries. */
const mailsAtOnce = 4;

/** An address, and a project whose entry names it. */
interface NamedAddress {
  address: string;
  project: string;
}

/** Who gets the mails about a project. */
export interface Recipients {
  /**
   * Those of its addresses whose owners agreed, and which mails reach. Those that were never asked are asked now; what they would have got
   * is not sent to them later.
   */
  of(project: Addressees): Promise<Recipient[]>;

  /** Asks the addresses of the projects that were never asked. */
  ask(projects: readonly Addressees[]): Promise<void>;
}

/**
 * Anybody who writes an index entry could have mails sent to strangers. So each address is asked first, by the only mail that it gets
 * unasked.
 */
export function createRecipients({
  addresses,
  mailer,
  seals,
  siteUrl,
  indexUrl,
  logger,
  mustConfirm,
}: Services): Recipients {
  async function linkTo(address: string, now: Date): Promise<string> {
    return `${siteUrl}/addresses/${await seals.seal(addressLinkPurpose, encodeAddressLink(addressLinkFrom(address, now)))}`;
  }

  async function ask(project: string, { address, asks }: MailAddressRecord): Promise<void> {
    const now = new Date();
    if (!(await addresses.claim({ address, asks }, now))) return;
    try {
      const mail = confirmationMail({ address, project, link: await linkTo(address, now), siteUrl, indexUrl });
      const id = `confirm ${address} ${asks + 1}`;
      await sendBestEffort({ mailer, logger }, { id, to: [{ address }], mail, about: { project } });
      await addresses.markAsked({ address, asks }, now);
    } catch (error) {
      // The others still get their mails. This address is asked again when the next mail is due.
      logger.warn('An address could not be asked whether it wants mails', { project, error: error as Error });
      await addresses.release(address);
    }
  }

  function addressesIn({ name, notifyEmail }: Addressees): NamedAddress[] {
    const wanted = distinctAddresses(notifyEmail);
    if (wanted.length < notifyEmail.length) logger.warn('An entry names addresses that are none', { project: name });
    return wanted.map((address) => ({ address, project: name }));
  }

  /** What is known of addresses. Those that were never asked are asked now. */
  async function askAmong(wanted: readonly NamedAddress[], now: Date): Promise<MailAddressRecord[]> {
    const found = await addresses.getMany(wanted.map(({ address }) => address));
    const known = new Map(found.map((record) => [record.address, record]));
    const records = wanted.map(({ address, project }) => ({
      asks: 0,
      ...known.get(address.toLowerCase()),
      address,
      project,
    }));
    const toAsk = records.filter((record) => mustConfirm && isToBeAsked(record, now));
    await mapConcurrently(toAsk, mailsAtOnce, (record) => ask(record.project, record));
    return records;
  }

  return {
    async ask(projects) {
      const named = projects.flatMap(addressesIn).map((each) => [each.address.toLowerCase(), each] as const);
      await askAmong([...new Map(named).values()], new Date());
    },

    async of(project) {
      const now = new Date();
      const records = await askAmong(addressesIn(project), now);
      const reached = records.filter((record) => whyNoMail(record, mustConfirm, now) === undefined);
      return Promise.all(
        reached.map(async ({ address }) => ({ address, unsubscribeLink: await linkTo(address, now) })),
      );
    },
  };
}

export function openRecipients(logger: Logger): Recipients {
  return createRecipients({
    addresses: openMailAddresses(),
    mailer: openMailer(),
    seals: openSeals(),
    siteUrl: siteUrl(),
    indexUrl: indexUrl(),
    logger,
    mustConfirm: !isPermitted('TRUST_ADDRESSES'),
  });
}
