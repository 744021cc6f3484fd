"""Reads a directory of Parquet, by day and hour, with one reader, and writes what it found as JSON:
read.py {pyarrow|pandas|polars} DIRECTORY -> {"types": {column: type}, "records": [...]}
"""
import json
import sys


def with_pyarrow(directory):
    from pyarrow import dataset

    table = dataset.dataset(directory, format="parquet", partitioning="hive").to_table()
    return {field.name: str(field.type) for field in table.schema}, table.to_pylist()


def with_pandas(directory):
    import pandas

    frame = pandas.read_parquet(directory, dtype_backend="pyarrow")
    records = [
        {name: None if pandas.isna(value) else value for name, value in record.items()}
        for record in frame.to_dict("records")
    ]
    return {name: str(frame[name].dtype) for name in frame.columns}, records


def with_polars(directory):
    import polars

    frame = polars.scan_parquet(f"{directory}/**/*.parquet", hive_partitioning=True).collect()
    return {name: str(kind) for name, kind in frame.schema.items()}, frame.to_dicts()


readers = {"pyarrow": with_pyarrow, "pandas": with_pandas, "polars": with_polars}
types, records = readers[sys.argv[1]](sys.argv[2])
json.dump({"types": types, "records": records}, sys.stdout, default=str)
