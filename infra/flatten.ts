/** An ARN as cdk-nag writes it in its reports: references are in angle brackets. */
export function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': join,
    'Fn::GetAtt': attribute,
    'Fn::Sub': text,
    Ref: reference,
  } = value as { 'Fn::Join'?: [string, unknown[]]; 'Fn::GetAtt'?: [string, string]; 'Fn::Sub'?: string; Ref?: string };
  if (join) return join[1].map(flatten).join(join[0]);
  if (attribute) return `<${attribute.join('.')}>`;
  if (text) return text.replaceAll('${', '<').replaceAll('}', '>');
  return `<${reference}>`;
}
