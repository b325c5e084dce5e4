import { PERSON_COLUMNS } from "../authority/person.js";

/** What the header of a spreadsheet of people calls its columns. */

const ALIASES: Readonly<Record<string, readonly string[]>> = {
  id: [
    "id",
    "idnumber",
    "idno",
    "idcard",
    "身份证号",
    "身份证号码",
    "身份证",
    "公民身份号码",
    "公民身份证号码",
    "居民身份证号码",
    "证件号码",
    "证件号",
  ],
  name: ["name", "fullname", "姓名", "名字", "中文姓名"],
  birthDate: ["birthdate", "dateofbirth", "dob", "birthday", "出生日期", "出生年月日", "生日"],
  gender: ["gender", "sex", "性别"],
  nationality: ["nationality", "country", "国籍", "国家"],
  address: ["address", "住址", "地址", "户籍地址", "户籍住址", "家庭住址", "居住地址", "现住址", "常住地址"],
  phone: [
    "phone",
    "telephone",
    "mobile",
    "phonenumber",
    "电话",
    "电话号码",
    "手机",
    "手机号",
    "手机号码",
    "联系电话",
    "联系方式",
  ],
  email: ["email", "mail", "邮箱", "电子邮箱", "电子邮件"],
  region: ["region", "regioncode", "行政区划", "行政区划代码", "区划代码", "地区代码"],
  secondName: ["secondname", "外文姓名", "外文名", "英文姓名", "英文名"],
  secondLanguage: ["secondlanguage", "外文语种", "语种"],
  photo: ["photo", "照片", "相片"],
  photoFormat: ["photoformat", "照片格式"],
};

/** What `hufu cards` writes about a card, and what sheets number and annotate their rows with: not of the person. */
const PASSED_OVER = new Set([
  "credential",
  "tier",
  "state",
  "reason",
  "issued",
  "expires",
  "qr",
  "no",
  "序号",
  "编号",
  "备注",
]);

const FIELDS = new Map(
  Object.entries(ALIASES).flatMap(([field, names]) => names.map((name) => [name, field] as const)),
);

export type Column = { field: string } | "passed-over" | "blank" | "unknown";

export function columnOf(header: string): Column {
  const name = header
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/\([^)]*\)|[\p{Cf}\s_*:.'"-]/gu, "");
  if (name === "") return "blank";
  const field = FIELDS.get(name) ?? PERSON_COLUMNS.find((column) => column.toLowerCase() === name);
  if (field !== undefined) return { field };
  return PASSED_OVER.has(name) ? "passed-over" : "unknown";
}
