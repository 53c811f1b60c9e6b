// Holds a document against the recommended rules of Redocly and prints what breaks one, a line each.
// Documents and health refuse nobody: the rule that each operation has a 4xx is off.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended-strict"], rules: { "operation-4xx-response": "off" } });
for (const { ruleId, message, location } of await lint({ ref: process.argv[2], config })) {
  console.log(`${ruleId}: ${message} at ${location[0]?.pointer}`);
}
