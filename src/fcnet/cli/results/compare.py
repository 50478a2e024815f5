EXAMPLE=""
def compare()->None:
    "Compare."
