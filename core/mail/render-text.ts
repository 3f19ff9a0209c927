import type { List, MailContent } from './content.ts';

const width = 76;

/** A mail as plain text: lines of at most 76 characters unless one word is longer, labels in one column. */
export function mailText(content: MailContent): string {
  const column =
    Math.max(...content.facts.map(({ label }) => label.length), ...content.links.map(({ label }) => label.length)) + 2;
  const row = (label: string, value: string) => wrapped(value, label.padEnd(column), ' '.repeat(column));
  const blocks = [
    content.title,
    ...content.paragraphs.map((paragraph) => wrapped(paragraph)),
    content.command && `    ${content.command}`,
    content.list && list(content.list),
    content.advice && wrapped(content.advice),
    content.example &&
      [wrapped(content.example.title), '', ...content.example.text.split('\n').map((line) => `    ${line}`)].join('\n'),
    content.links.map(({ label, address }) => row(label, address)).join('\n'),
    content.output &&
      [`${content.output.title}:`, '', ...content.output.text.split('\n').map((line) => `  | ${line}`)].join('\n'),
    ...(content.lists ?? []).map(list),
    content.facts
      .flatMap(({ label, value, link }) => [row(label, value), ...(link && link !== value ? [row('', link)] : [])])
      .join('\n'),
    // The dashes with a space after them begin a signature: https://www.rfc-editor.org/rfc/rfc3676#section-4.3
    ['-- ', ...content.footer.map(({ text, link }) => wrapped(link ? `${text} ${link}` : text))].join('\n'),
  ];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

function list({ title, items }: List): string {
  const lines = items.map((item) =>
    typeof item === 'string'
      ? wrapped(item, '  - ', '    ')
      : `${wrapped(`${item.name}: ${item.text}`, '  - ', '    ')}\n    ${item.link}`,
  );
  return [`${title}:`, ...lines].join('\n');
}

function wrapped(text: string, first = '', following = ''): string {
  const lines: string[] = [];
  let line = first;
  let hasWord = false;
  for (const word of text.split(' ')) {
    if (hasWord && line.length + 1 + word.length > width) {
      lines.push(line);
      line = following;
      hasWord = false;
    }
    line += hasWord ? ` ${word}` : word;
    hasWord = true;
  }
  return [...lines, line].join('\n');
}
