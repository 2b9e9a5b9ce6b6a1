"""The network file: one YAML file that describes a whole business.

nodes reads YAML and keeps line numbers, kinds says what one value may be, shapes says which keys exist,
content reads the file into entries, checks looks at all entries together and at the database, changes writes
what differs. Any error refuses the whole file, and all errors are told at once, each with its line.
"""
