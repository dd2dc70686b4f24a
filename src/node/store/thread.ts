// The entry of the store's thread in the program that instances run, where all code is in one file.
import './sqlite/thread.ts'
