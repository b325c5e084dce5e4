import { expect, it } from "vitest";
import { ignoredProxy } from "../../../src/http/proxy.js";

const https = new URL("https://feed.authority.example:8443/feed/");
const http = new URL("http://feed.authority.example/feed/");

it.each<[string, URL, Record<string, string>, string, string | undefined]>([
  ["none is named", https, {}, "20.20.2", undefined],
  ["one is named", https, { HTTPS_PROXY: "http://proxy" }, "20.20.2", "HTTPS_PROXY"],
  ["it is named in lower case", http, { http_proxy: "http://proxy" }, "20.20.2", "http_proxy"],
  ["it is for another scheme", http, { HTTPS_PROXY: "http://proxy" }, "20.20.2", undefined],
  ["it is empty", http, { HTTP_PROXY: "" }, "20.20.2", undefined],
  ["the host is exempt", https, { HTTPS_PROXY: "p", NO_PROXY: "a, feed.authority.example" }, "20.20.2", undefined],
  ["hosts below one are exempt", https, { HTTPS_PROXY: "p", no_proxy: ".authority.example" }, "20.20.2", undefined],
  ["its port is exempt", https, { HTTPS_PROXY: "p", no_proxy: "authority.example:8443" }, "20.20.2", undefined],
  ["all are exempt", https, { HTTPS_PROXY: "p", NO_PROXY: "*" }, "20.20.2", undefined],
  ["a like name is exempt", https, { HTTPS_PROXY: "p", NO_PROXY: "rity.example" }, "20.20.2", "HTTPS_PROXY"],
  ["Node may, and was not told", https, { HTTPS_PROXY: "p" }, "24.4.0", "HTTPS_PROXY"],
  ["Node was told", https, { HTTPS_PROXY: "p", NODE_USE_ENV_PROXY: "1" }, "24.4.0", undefined],
  ["Node was told", https, { HTTPS_PROXY: "p", NODE_USE_ENV_PROXY: "1" }, "22.21.0", undefined],
  ["Node was told and cannot", https, { HTTPS_PROXY: "p", NODE_USE_ENV_PROXY: "1" }, "22.20.0", "HTTPS_PROXY"],
])("a proxy that is not used is named where %s", (_, address, environment, version, variable) => {
  expect(ignoredProxy(address, environment, version)).toBe(variable);
});
