import licenses from 'spdx-license-ids/index.json' with { type: 'json' };

/** A licence that is not on SPDX's list, so that the document must explain it. */
export interface OtherLicense {
  licenseId: string;
  extractedText: string;
  name: string;
}

const known = new Set(licenses);
const longest = 200;

/**
 * Turns what generators write about licences, `MIT AND Expat`, into an SPDX expression. Each part is the package's own name for its licence.
 * SPDX allows the names on its list and those that the document explains; any other makes the whole document invalid.
 * https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
export function spdxExpression(text: string, explained: Map<string, OtherLicense>): string {
  if (text === '' || text === 'NONE' || text === 'NOASSERTION') return text || 'NOASSERTION';
  return text
    .split(' AND ')
    .map((part) => {
      if (known.has(part) || explained.has(part)) return part;
      const name = part.slice(0, longest);
      const licenseId = `LicenseRef-${name.replace(/^LicenseRef-/, '').replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`;
      if (!explained.has(licenseId))
        explained.set(licenseId, { licenseId, extractedText: `The package calls its licence: ${name}`, name });
      return licenseId;
    })
    .join(' AND ');
}
