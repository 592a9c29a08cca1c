// Keeps the library a library while no other support file exists.
