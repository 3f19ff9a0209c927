/**
 * The top-level attributes that a request names: in its key, its item and its expressions. They are the values of the condition key
 * `dynamodb:Attributes`. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function attributesOf(input: Readonly<Record<string, unknown>>): string[] {
  const names = record(input.ExpressionAttributeNames);
  const inExpressions = expressions.flatMap((member) => {
    const text = input[member];
    return typeof text === 'string' ? namesIn(text).map((name) => String(names[name] ?? name)) : [];
  });
  const inMaps = maps.flatMap((member) => Object.keys(record(input[member])));
  const listed = Array.isArray(input.AttributesToGet) ? input.AttributesToGet.map(String) : [];
  return [...new Set([...inExpressions, ...inMaps, ...listed])];
}

/**
 * The partition keys that a request for one item names: the values of the condition key `dynamodb:LeadingKeys`. A query has none here, so that
 * a policy which needs one refuses it.
 */
export function leadingKeysOf(
  input: Readonly<Record<string, unknown>>,
  keySchema: readonly { AttributeName: string; KeyType: string }[],
): string[] {
  const name = keySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
  const value = record(record(input.Key ?? input.Item)[name]).S;
  return typeof value === 'string' ? [value] : [];
}

const expressions = [
  'UpdateExpression',
  'ConditionExpression',
  'KeyConditionExpression',
  'FilterExpression',
  'ProjectionExpression',
];
/** The last are the parameters of former years. */
const maps = ['Key', 'Item', 'AttributeUpdates', 'Expected', 'KeyConditions', 'QueryFilter'];

/**
 * The words of expressions, in any case, and their functions.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
const words = new Set(['set', 'remove', 'add', 'delete', 'and', 'or', 'not', 'in', 'between']);

/** The first name of each path: not what follows a dot, not a value, not a word or function of the language. */
function namesIn(expression: string): string[] {
  return [...expression.matchAll(/(?<![\w.:#])(#?[A-Za-z_]\w*|#\w+)(?!\w)(?!\s*\()/g)]
    .map(([, name = '']) => name)
    .filter((name) => !words.has(name.toLowerCase()));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
