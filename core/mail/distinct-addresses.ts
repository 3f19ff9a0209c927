import { domainToASCII } from 'node:url';

/**
 * An address as SES accepts it, ASCII before the @ and Punycode after it; undefined for a text that cannot be an address.
 * https://docs.aws.amazon.com/ses/latest/APIReference/API_Destination.html
 */
export function mailAddress(text: string): string | undefined {
  const [, local = '', host = ''] =
    /^([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@([^\s@]+)$/.exec(text.trim()) ?? [];
  const domain = domainToASCII(host);
  const isDomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(domain);
  return isDomain && local.length <= 64 && domain.length <= 253 ? `${local}@${domain}` : undefined;
}

/** Each address once, whatever the case of its letters; texts that cannot be an address are left out. */
export function distinctAddresses(texts: readonly string[]): string[] {
  const valid = texts.map(mailAddress).filter((address) => address !== undefined);
  return [...new Map(valid.map((address) => [address.toLowerCase(), address])).values()];
}
