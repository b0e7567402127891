// The floor of the lane `startup`: a C++ program that does nothing.
int main() {}
