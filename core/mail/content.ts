/** What a mail says. It is rendered as text and as HTML, so that both say the same. */
export interface MailContent {
  tone: 'good' | 'warning' | 'bad';
  /** The main message in one line. */
  title: string;
  paragraphs: string[];
  /** The command that pulls the image. */
  command?: string | undefined;
  /** A list with its heading. */
  list?: List | undefined;
  /** What to do now. */
  advice?: string | undefined;
  /** What to copy for that: a command, or lines of an index entry. */
  example?: Passage | undefined;
  /** They come before the long parts. */
  links: { label: string; address: string }[];
  /** The last lines that a program printed. */
  output?: Passage | undefined;
  /** More lists, below what matters most. */
  lists?: List[] | undefined;
  facts: { label: string; value: string; link?: string | undefined; code?: boolean }[];
  /** `name`: what HTML shows instead of the link's address. */
  footer: { text: string; link?: string | undefined; name?: string }[];
}

export interface List {
  title: string;
  items: (string | LinkedItem)[];
}

/** An item about something that has a page: its name leads there. */
export interface LinkedItem {
  name: string;
  link: string;
  text: string;
}

/** Lines that are shown unchanged, with a heading. */
interface Passage {
  title: string;
  text: string;
}

export interface Mail {
  subject: string;
  content: MailContent;
  /** In addition to those that every mail has. */
  headers: Record<string, string>;
  /** What the mail is about, `demo/app:latest`: mail programs show the mails of one topic together. */
  topic: string;
}

export interface Recipient {
  address: string;
  /** The link by which the recipient stops all mails; absent for operators, whom the configuration names. */
  unsubscribeLink?: string;
}
