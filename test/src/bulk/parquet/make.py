"""The files beside this one, as pyarrow writes them (made with pyarrow 25.0.1): python3 make.py

Row i has the number 110105194900000000 + 7i in each column of numbers, and nothing where i is a multiple of 11. Texts
have X for their last digit where i is a multiple of 13.
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 3_000
rows = range(ROWS)
numbers = [110105194900000000 + 7 * i if i % 11 else None for i in rows]
texts = [n and (str(n)[:-1] + "X" if i % 13 == 0 else str(n)) for i, n in enumerate(numbers)]
decimals = [n and decimal.Decimal(n) for n in numbers]
moment = datetime.datetime(2020, 1, 1)

table = pa.table(
    {
        "no": pa.array(rows, pa.int32()),
        "qr": pa.array([None if i % 101 == 5 else f"QR{i:06}" for i in rows]),
        "name": pa.array([f"姓名{i % 37}" for i in rows]),
        "int64": pa.array(numbers, pa.int64()),
        "uint64": pa.array(numbers, pa.uint64()),
        "decimal18": pa.array(decimals, pa.decimal128(18, 0)),
        "decimal20_2": pa.array(decimals, pa.decimal128(20, 2)),
        "decimal38": pa.array(decimals, pa.decimal128(38, 0)),
        "text": pa.array(texts),
        "dictionary": pa.array(texts).dictionary_encode(),
        "double": pa.array([n and float(n) for n in numbers], pa.float64()),
        "float": pa.array([n and float(n) for n in numbers], pa.float32()),
        "moment": pa.array([moment + datetime.timedelta(seconds=i) for i in rows], pa.timestamp("us", tz="Asia/Shanghai")),
        "local": pa.array([moment + datetime.timedelta(seconds=i) for i in rows], pa.timestamp("ms")),
        "written": pa.array([f"2020-01-01T08:{i // 60 % 60:02}:{i % 60:02}+08:00" if i % 2 else None for i in rows]),
        "fraction": pa.array([decimal.Decimal(i) + decimal.Decimal("0.5") for i in rows], pa.decimal128(10, 1)),
        "list": pa.array([[i] * (i % 3) if i % 7 else None for i in rows]),
        "group": pa.array([{"a": i, "b": str(i)} for i in rows]),
        "bytes": pa.array([bytes([i % 256, 0, 255]) for i in rows]),
    }
)

for version, codec in (("1.0", "zstd"), ("2.0", "snappy")):
    pq.write_table(
        table,
        pathlib.Path(__file__).with_name(f"pages-{version[0]}.parquet"),
        compression=codec,
        row_group_size=1_300,
        data_page_size=2_048,
        data_page_version=version,
        write_page_index=True,
        store_decimal_as_integer=version == "2.0",
    )
