defmodule Account do
  use GenServer
  def start_link(b), do: GenServer.start_link(__MODULE__, b, name: __MODULE__)
  def balance, do: GenServer.call(__MODULE__, :balance)
  def deposit(amount), do: GenServer.call(__MODULE__, {:deposit, amount})
  @impl true
  def init(b), do: {:ok, %{balance: b, version: 0}}
  @impl true
  def handle_call(:balance, _from, s), do: {:reply, s.balance, s}
  def handle_call({:deposit, n}, _from, s), do: {:reply, :ok, %{s | balance: s.balance + n, version: s.version + 1}}
end

defmodule Teller do
  def deposit(amount) do
    fee_check(amount)
    Account.deposit(amount)
  end

  def fee_check(_amount), do: Process.sleep(:rand.uniform(3) - 1)
end

defmodule Main do
  def run do
    {:ok, _} = Account.start_link(0)
    1..20 |> Enum.map(fn _ -> Task.async(fn -> Teller.deposit(10) end) end) |> Task.await_many()
    Account.balance()
  end
end
