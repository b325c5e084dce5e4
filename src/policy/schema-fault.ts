import { z } from "zod";

/** The first fault that a schema found in what a person wrote, as one clause: where, and what may stand there. */
export function faultOf(schema: z.ZodType, error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "wrong";
  const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  if (issue.code !== "unrecognized_keys") return where + issue.message;
  const known = fieldsOf(schemaAt(schema, issue.path)).join(", ");
  return `${where}${JSON.stringify(issue.keys[0] ?? "")} is not a field here: there are ${known}`;
}

function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType {
  let at = bare(schema);
  for (const step of path) {
    const inner: unknown = at instanceof z.ZodArray ? at.element : fields(at)[String(step)];
    if (!(inner instanceof z.ZodType)) return at;
    at = bare(inner);
  }
  return at;
}

function bare(schema: z.ZodType): z.ZodType {
  const inner: unknown = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodType ? inner : schema;
}

function fields(schema: z.ZodType): Record<string, unknown> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

function fieldsOf(schema: z.ZodType): string[] {
  return Object.keys(fields(schema));
}
