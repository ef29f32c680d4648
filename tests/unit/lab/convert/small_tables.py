"""Small tables of the public data sets, for the tests of the converters and of their examples."""

from pathlib import Path

import pyarrow
from pyarrow import parquet

ACCOUNT = '"account_id";"district_id";"frequency";"date"\n'
LOAN = '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"\n'
TRANS = (
    '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";'
    '"bank";"account"\n'
)
US_ROW = {
    "firm_id": "F00007",
    "fyear": "2003",
    "current_assets": "4.5",
    "total_assets": "10.0",
    "cost_of_goods_sold": "7.25",
    "total_long_term_debt": "1.0",
    "depreciation_and_amortization": "0.5",
    "ebit": "-0.25",
    "ebitda": "0.25",
    "gross_profit": "1.75",
    "inventory": "nan",
    "total_current_liabilities": "3.0",
    "net_income": "-1.5",
    "retained_earnings": "-2.0",
    "total_receivables": "1.25",
    "total_revenue": "9.0",
    "market_value": "77.0",
    "total_liabilities": "6.0",
    "net_sales": "9.0",
    "total_operating_expenses": "8.75",
    "author_split": "train",
}
# Assets 10^4 = 10,000 thousand; sales 1.25 times assets; attr27 must never be read.
POLISH_ROW = {
    "attr29": "4",
    "attr36": "1.25",
    "attr2": "0.5",
    "attr51": "0.3",
    "attr1": "0.02",
    "attr18": "0.03",
    "attr10": "0.4",
    "attr56": "0.2",
    "attr7": "0.03",
    "attr39": "0.024",
    "attr11": "0.05",
    "attr26": "0.1",
    "attr50": "1.2",
    "attr20": "36.5",
    "attr44": "73",
    "attr30": "0.36",
    "attr59": "0.25",
    "attr6": "",
    "attr21": "1.25",
    "attr27": "999",
    "class": "1",
}
CARD_ROW = {
    "borrower_id": "31",
    "limit_bal": "50000.0",
    "sex": "2",
    "age": "24",
    **{f"pay_{month}": "-1" for month in (0, 2, 3, 4, 5, 6)},
    **{f"bill_amt{month}": "1000.0" for month in range(1, 7)},
    **{f"pay_amt{month}": "0.0" for month in range(1, 7)},
}


def write_berka(folder: Path) -> None:
    """Account 1 borrows 300.00 over 3 months on 5 July 1993; account 2 only deposits."""
    (folder / "account.asc").write_text(
        ACCOUNT
        + '1;55;"POPLATEK MESICNE";930701\n2;7;"POPLATEK MESICNE";930702\n'
        + '3;7;"POPLATEK MESICNE";970101\n'
    )
    (folder / "loan.asc").write_text(
        LOAN + '9;1;930705;300;3;100.00;"A"\n10;3;970201;600;6;100.00;"D"\n'
    )
    (folder / "trans.asc").write_text(
        TRANS
        # The file's order is not the day's order: 400 came in before 100 went out.
        + '12;1;930712;"VYDAJ";"PREVOD NA UCET";100.00;300.00;"UVER";"OP";"1"\n'
        + '11;1;930712;"PRIJEM";"VKLAD";400.00;400.00;"";"";""\n'
        + '13;2;930712;"PRIJEM";"PREVOD Z UCTU";50.50;50.50;"DUCHOD";"";""\n'
        + '-1;1;930731;"VYDAJ";"VYBER";14.60;285.40;"SLUZBY";"";""\n'
    )


def write_tables(folder: Path) -> None:
    """Write a folder with the tables of each data set: berka, us-firms, cards, polish."""
    tables = {
        "us-firms/us_firm_years": US_ROW,
        "us-firms/us_labels": {"borrower_id": "US-F00007", "label": "1", "fail_fy": "2003.0"},
        "cards/uci_credit_card": CARD_ROW,
        "cards/uci_labels": {"borrower_id": "31", "label": "1"},
        "polish/polish_5year": POLISH_ROW,
    }
    for name, row in tables.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist([row]), path)
    (folder / "berka").mkdir()
    write_berka(folder / "berka")
