import { escapeXml } from '../endpoint/xml.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** S3's XML: other than in the query protocol, a list repeats its element. */
type XmlValue = string | number | boolean | Date | undefined | XmlValue[] | { [name: string]: XmlValue };

export function xmlDocument(root: string, value: { [name: string]: XmlValue }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">${members(value)}</${root}>`;
}

function members(value: { [name: string]: XmlValue }): string {
  return Object.entries(value)
    .flatMap(([name, member]) => [member].flat().map((item) => xmlElement(name, item)))
    .join('');
}

function xmlElement(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  return `<${name}>${typeof value === 'object' && !Array.isArray(value) ? members(value) : escapeXml(String(value))}</${name}>`;
}
