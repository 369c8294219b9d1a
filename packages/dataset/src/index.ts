export { type ColumnMap, type ColumnsResult, columnsRead, compileColumns, type LabelColumn } from "./columns.ts";
export { ColumnsDocument } from "./columns-schema.ts";
export { CsvParser, type CsvRow } from "./csv.ts";
export { type Dataset, DatasetFault, openDataset } from "./dataset.ts";
export type { DataRow } from "./row.ts";
