/** Makes a value at the first call and returns it from then on. If making it fails, the next call tries again. */
export function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
